"""How long ordinary transactions keep us out, told from samples of who held what; and whom to wait for first. Pure.

The drain is the time within which those who hold a conflicting lock at some moment have left. A lock_timeout below
it never gets in, one above it only stalls others for longer.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.demand import Demand
from gatekeeper.model.blocker import Blocker

_PERCENTILE = 0.95
_FACTOR = 1.2
_EXTRA_SECONDS = 0.02
_OUTLIER_SECONDS = 0.15
_OPEN_ENOUGH = 0.2
_SHORTEST_LOOK_SECONDS = 0.3
_LOOK_SECONDS = 2.0
_LONGEST_LOOK_SECONDS = 5.0
_ENOUGH_TRANSACTIONS = 20
_SLOW_SECONDS = 0.5
_SLOWEST = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """Who stood on which table at one moment, in seconds since the first sample."""

    at: float
    seen: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the samples say of some demands; seconds.

    `drain` is how long an ordinary transaction keeps us out; `open_share` the share of moments at which everyone who
    kept us out was gone within the budget; `slowest` are the transactions that ended, the longest first.
    """

    drain: float = _EXTRA_SECONDS
    open_share: float = 1.0
    finished: int = 0
    slowest: tuple[Blocker, ...] = ()

    def fits(self, budget: Budget) -> bool:
        """Whether a try within the budget can get in at all."""
        return self.drain <= budget.max_stall or self.open_share >= _OPEN_ENOUGH


def is_enough(samples: Sequence[Sample]) -> bool:
    """Whether to stop measuring: after 0.3 s where nobody was there, else after 2 s, or after 5 s.

    The latter while few have ended, and some that began meanwhile are still there: those may be what is usual here.
    """
    lasted = samples[-1].at if samples else 0.0
    if lasted >= _LONGEST_LOOK_SECONDS:
        return True
    if not any(sample.seen for sample in samples):
        return lasted >= _SHORTEST_LOOK_SECONDS
    if lasted < _LOOK_SECONDS:
        return False
    slow = any(_SLOW_SECONDS < (blocker.age or 0.0) < lasted for blocker in samples[-1].seen)
    return not slow or len(_ended(samples)) >= _ENOUGH_TRANSACTIONS


def traffic(samples: Sequence[Sample], demands: Sequence[Demand], budget: Budget) -> Traffic:
    """What the samples say of those who hold a mode that conflicts with one of the demands."""
    about = [Sample(sample.at, tuple(opposed(sample.seen, demands))) for sample in samples]
    ended = _ended(about)
    ages = sorted(blocker.age or 0.0 for blocker in ended.values())
    drain = _FACTOR * _ordinary(ages, budget.max_stall) + _EXTRA_SECONDS
    slowest = sorted(ended.values(), key=lambda one: one.age or 0.0, reverse=True)[:_SLOWEST]
    return Traffic(drain, _open_share(about, budget.max_stall), len(ended), tuple(slowest))


def opposed(seen: Sequence[Blocker], demands: Sequence[Demand]) -> Iterator[Blocker]:
    """Those who stand in the way of the demands."""
    modes = {str(demand.relation): {mode.value for mode in demand.opposing} for demand in demands}
    return (blocker for blocker in seen if blocker.mode in modes.get(blocker.relation, ()))


def outliers(seen: Sequence[Blocker], drain: float, *, vacuum_yields: bool) -> tuple[Blocker, ...]:
    """Those to wait for before trying: far older than what is usual, or of an age that we may not see.

    Autovacuum gives up its lock as soon as we wait for it, where we may set how soon (`vacuum_yields`).
    """
    limit = max(2 * drain, _OUTLIER_SECONDS)
    return tuple(
        blocker
        for blocker in seen
        if (blocker.age is None or blocker.age > limit) and not (vacuum_yields and blocker.is_autovacuum)
    )


def _ordinary(ages: Sequence[float], limit: float) -> float:
    """The 95th percentile; a single one beyond the limit is an outlier, not what is usual."""
    if ages and ages[-1] > limit and (len(ages) < 2 or ages[-2] <= limit):
        ages = ages[:-1]
    return ages[math.ceil(_PERCENTILE * len(ages)) - 1] if ages else 0.0


def _ended(samples: Sequence[Sample]) -> dict[str, Blocker]:
    """The transactions that were gone by the last sample, as they were last seen."""
    last = {blocker.transaction: blocker for sample in samples for blocker in sample.seen}
    still = {blocker.transaction for blocker in samples[-1].seen} if samples else set()
    return {key: blocker for key, blocker in last.items() if key not in still and blocker.age is not None}


def _open_share(samples: Sequence[Sample], limit: float) -> float:
    """Of the moments whose near future was seen, how many were open."""
    gone: dict[str, float] = {}
    for sample, after in pairwise(samples):
        gone |= {blocker.transaction: after.at for blocker in sample.seen}
    still = {blocker.transaction for blocker in samples[-1].seen} if samples else set()
    told = [sample for sample in samples if sample.at + limit <= samples[-1].at]
    if not told:
        return 0.0 if any(sample.seen for sample in samples) else 1.0
    is_open = [
        all(one.transaction not in still and gone[one.transaction] - sample.at <= limit for one in sample.seen)
        for sample in told
    ]
    return sum(is_open) / len(is_open)
