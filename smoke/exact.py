"""Exact tests for small counts: how surprising is what was seen, if all were well? No approximation, no table.

Binomial and hypergeometric tails are summed term by term from the seen count on; the first term comes from lgamma, each
further one from the ratio of neighbours. Errors stay near 1e-12 of the result.
"""

import math
from collections.abc import Callable, Sequence

_NEGLIGIBLE = 1e-17
_HALVES = 53


def binomial_tail(seen: int, total: int, rate: float) -> float:
    """The probability of at least `seen` bad among `total`, each bad with probability `rate`."""
    if not 0 <= seen <= total or not 0 <= rate <= 1:
        raise ValueError(f"no such count: {seen} of {total} at a rate of {rate}")
    if seen == 0 or rate == 1:
        return 1.0
    if rate == 0:
        return 0.0
    if seen <= total * rate:  # the other tail is the short one
        return 1 - binomial_tail(total - seen + 1, total, 1 - rate)
    odds = rate / (1 - rate)
    first = _choose(total, seen) + seen * math.log(rate) + (total - seen) * math.log1p(-rate)
    return _sum(first, seen, total, lambda k: (total - k) / (k + 1) * odds)


def fisher_tail(bad: int, total: int, bad_before: int, total_before: int) -> float:
    """The probability that at least `bad` of all bad ones fall on the new side, if both sides were alike.

    Fisher's exact test, one-sided.
    """
    if not 0 <= bad <= total or not 0 <= bad_before <= total_before:
        raise ValueError(f"no such counts: {bad} of {total}, {bad_before} of {total_before} before")
    everybody, all_bad = total + total_before, bad + bad_before
    lowest, highest = max(0, all_bad - total_before), min(all_bad, total)
    if bad <= lowest:
        return 1.0
    first = _choose(all_bad, bad) + _choose(everybody - all_bad, total - bad) - _choose(everybody, total)

    def ratio(k: int) -> float:
        return (all_bad - k) * (total - k) / ((k + 1) * (everybody - all_bad - total + k + 1))

    return _sum(first, bad, highest, ratio)


def quantile_bounds(sample: Sequence[float], quantile: float, confidence: float) -> tuple[float | None, float | None]:
    """Two values of the sample between which the true quantile lies with that confidence, whatever the distribution.

    None where the sample is too small for a bound on that side. Source: order statistics, Hahn and Meeker, 1991.
    """
    ordered, size, each = sorted(sample), len(sample), (1 - confidence) / 2
    below = [rank for rank in range(1, size + 1) if binomial_tail(rank, size, quantile) >= 1 - each]
    above = [rank for rank in range(1, size + 1) if binomial_tail(rank, size, quantile) <= each]
    return ordered[below[-1] - 1] if below else None, ordered[above[0] - 1] if above else None


def rate_bounds(seen: int, total: int, confidence: float) -> tuple[float, float]:
    """Between which two rates the true one lies with that confidence, after `seen` of `total`.

    Source: Clopper and Pearson, 1934: the rates at which what was seen becomes too surprising, on either side.
    """
    if not 0 <= seen <= total or total == 0:
        raise ValueError(f"no such count: {seen} of {total}")
    each = (1 - confidence) / 2
    lowest = 0.0 if seen == 0 else _crossing(lambda rate: binomial_tail(seen, total, rate) >= each)
    highest = 1.0 if seen == total else _crossing(lambda rate: binomial_tail(seen + 1, total, rate) >= 1 - each)
    return lowest, highest


def _crossing(is_above: Callable[[float], bool]) -> float:
    """The rate between 0 and 1 from which on it is so; the halves are as fine as a float's digits."""
    low, high = 0.0, 1.0
    for _ in range(_HALVES):
        middle = (low + high) / 2
        low, high = (low, middle) if is_above(middle) else (middle, high)
    return (low + high) / 2


def _sum(first: float, start: int, end: int, ratio: Callable[[int], float]) -> float:
    """Terms from `start` to `end`, the first given as a logarithm; scaled down where they would grow too large."""
    total = term = 1.0
    for k in range(start, end):
        term *= ratio(k)
        total += term
        if term < _NEGLIGIBLE * total and ratio(k) < 1:
            break
        if total > 1e250:
            first, total, term = first + math.log(total), 1.0, term / total
    return min(1.0, math.exp(first + math.log(total)))


def _choose(total: int, chosen: int) -> float:
    """The logarithm of the number of ways to choose."""
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
