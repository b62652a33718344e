"""From a few measurements to production's size: a straight line, and how far off it may be. Pure."""

import math
from collections.abc import Sequence

from gatekeeper.model.estimate import Measured, Span

# Student's t at 97.5 %, by degrees of freedom: the interval holds 95 %.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def extrapolate(measured: Sequence[Measured], rows: int, size: int) -> Span:
    """The time on `rows` rows of `size` bytes in all.

    Rows in production are wider than ours, or narrower; work may go by either, so the span holds both lines. What is
    expected goes by bytes, as the linter's rates do.
    """
    by_bytes = _line([one.bytes for one in measured], [one.seconds for one in measured], size)
    by_rows = _line([one.rows for one in measured], [one.seconds for one in measured], rows)
    return by_bytes | by_rows


def _line(sizes: Sequence[int], seconds: Sequence[float], wanted: int) -> Span:
    """Least squares. No work has a negative cost: a slope that noise has turned down is taken to be flat."""
    count = len(sizes)
    middle, mean = sum(sizes) / count, sum(seconds) / count
    spread = sum((size - middle) ** 2 for size in sizes)
    slope = sum((x - middle) * (y - mean) for x, y in zip(sizes, seconds, strict=True)) / spread
    start = mean - slope * middle
    left = sum((y - start - slope * x) ** 2 for x, y in zip(sizes, seconds, strict=True))
    freedom = count - 2
    error = math.sqrt(left / freedom * (1 + 1 / count + (wanted - middle) ** 2 / spread))
    room = _T[min(freedom, len(_T)) - 1] * error
    expected = max(start + slope * wanted, 0.0)
    return Span(max(expected - room, 0.0), expected, expected + room)
