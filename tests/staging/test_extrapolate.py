"""From a few measurements to production's size: exact on a line, honest about noise, never against the linter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.estimate import Estimate, Measured
from gatekeeper.staging.extrapolate import extrapolate
from migrations_lint.locks import LockMode
from migrations_lint.model import Relation

SIZES = (2_000, 8_000, 32_000) * 2
costs = st.floats(1e-9, 1e-3)
noises = st.lists(st.floats(0.5, 2.0), min_size=6, max_size=6)


def runs(start: float, cost: float, noise: list[float], width: int = 100) -> list[Measured]:
    return [Measured(rows, rows * width, start + rows * cost * off) for rows, off in zip(SIZES, noise, strict=True)]


@given(st.floats(0, 1), costs, st.integers(100_000, 10**9))
def test_a_straight_line_is_followed_to_its_end(start: float, cost: float, rows: int) -> None:
    span = extrapolate(runs(start, cost, [1.0] * 6), rows, rows * 100)

    assert span.expected == pytest.approx(start + rows * cost, rel=1e-3)
    assert span.high - span.low <= span.expected * 1e-3 + 1e-3


@given(st.floats(0, 1), costs, noises, st.integers(1, 10**9), st.integers(20, 2_000), st.floats(0, 1e6))
def test_the_span_is_ordered_and_holds_what_the_linter_says(
    start: float, cost: float, noise: list[float], rows: int, width: int, by_rates: float
) -> None:
    measured = runs(start, cost, noise)
    seconds = extrapolate(measured, rows, rows * width)
    about = (Relation("public", "orders"), LockMode.ACCESS_EXCLUSIVE, rows, rows * width)
    estimate = Estimate("up", *about, by_rates, seconds, tuple(measured))

    assert 0 <= seconds.low <= seconds.expected <= seconds.high
    assert estimate.span.low <= by_rates <= estimate.span.high
    assert estimate.span.expected == seconds.expected


def test_noise_widens_the_span_and_so_do_rows_of_another_width() -> None:
    def room(width: int, noise: list[float]) -> float:
        span = extrapolate(runs(0, 1e-6, noise), 10**6, 10**6 * width)
        return span.high - span.low

    assert room(100, [0.8, 1.1, 1.2, 1.3, 0.9, 0.7]) > 100 * room(100, [1.0] * 6)
    assert room(400, [1.0] * 6) > 2  # by rows a second, by bytes four
