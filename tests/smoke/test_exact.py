"""Our exact tests agree with SciPy's, for counts from none to millions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from smoke.exact import binomial_tail, fisher_tail, quantile_bounds, rate_bounds

COUNTS = st.integers(1, 3000)


@given(st.integers(0, 2_000_000), st.floats(0, 1), st.floats(1e-6, 0.5))
def test_the_binomial_tail_is_scipys(total: int, part: float, rate: float) -> None:
    seen = round(part * min(total, max(20, total * rate * 3)))
    expected = float(stats.binom.sf(seen - 1, total, rate))

    assert math.isclose(binomial_tail(seen, total, rate), expected, rel_tol=1e-6, abs_tol=1e-290)


@given(COUNTS, st.floats(0, 1), COUNTS, st.floats(0, 1))
def test_fishers_tail_is_scipys(total: int, share: float, total_before: int, share_before: float) -> None:
    bad, bad_before = round(total * share), round(total_before * share_before)
    expected = float(stats.hypergeom.sf(bad - 1, total + total_before, bad + bad_before, total))

    assert math.isclose(fisher_tail(bad, total, bad_before, total_before), expected, rel_tol=1e-6, abs_tol=1e-290)


@pytest.mark.parametrize("counts", [(-1, 3, 0.1), (4, 3, 0.1), (1, 3, 1.5)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="no such count"):
        binomial_tail(*counts)


def test_fishers_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no such counts"):
        fisher_tail(3, 2, 0, 0)


def test_the_bounds_of_a_quantile_hold_as_often_as_they_say() -> None:
    import random

    chance = random.Random(7)
    held = 0
    for _ in range(400):
        low, high = quantile_bounds([chance.random() for _ in range(200)], 0.95, 0.9)
        held += low is not None and high is not None and low <= 0.95 <= high
    assert 0.88 <= held / 400 <= 0.97


def test_a_small_sample_has_no_upper_bound_for_its_95th_percentile() -> None:
    low, high = quantile_bounds([float(number) for number in range(20)], 0.95, 0.95)

    assert low is not None
    assert high is None


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.999]))
def test_the_bounds_of_a_rate_are_scipys(total: int, share: float, confidence: float) -> None:
    seen = round(share * total)
    expected = stats.binomtest(seen, total).proportion_ci(confidence, method="exact")

    assert rate_bounds(seen, total, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)
