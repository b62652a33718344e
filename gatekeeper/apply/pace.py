"""How large the next batch of a backfill is, how long the others are left alone before it, when all is done. Pure."""

from dataclasses import dataclass, replace

_SHARE_OF_BUDGET = 0.5  # a batch locks its rows until it commits: who wants one of them waits for less than the budget
_GROWTH = 2
_SLOW = 4.0  # times as long for each key as it took at best: the server has other things to do
_SLOW_FROM_SECONDS = 0.05
_REST_PER_BATCH = 4.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`size` keys in the next batch, never more than `most`; `rest` in seconds; `best` is the least a key has taken."""

    most: int
    size: int
    rest: float = 0.0
    best: float | None = None


def begin(most: int) -> Pace:
    """The first batch is as large as was asked for."""
    return Pace(most, most)


def after_batch(pace: Pace, keys: int, seconds: float, max_stall: float) -> Pace:
    """The pace after a batch of so many keys has taken so long.

    Smaller batches where one takes more than half of the budget; a rest where keys take much longer than at best.
    """
    if keys == 0:
        return replace(pace, rest=0.0)
    each = seconds / keys
    best = each if pace.best is None else min(pace.best, each)
    fitting = _SHARE_OF_BUDGET * max_stall / each if each > 0 else pace.most
    size = max(int(min(fitting, pace.size * _GROWTH, pace.most)), 1)
    is_slow = seconds > _SLOW_FROM_SECONDS and each > _SLOW * best
    return Pace(pace.most, size, _REST_PER_BATCH * seconds if is_slow else 0.0, best)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of about `total` keys, `here` of them in the last `seconds`; a total of 0 is not known."""

    done: int
    total: int
    here: int
    seconds: float

    @property
    def remaining(self) -> float | None:
        """About how many seconds are left; None where that cannot be said."""
        if self.total <= 0 or self.here <= 0:
            return None
        return max(self.total - self.done, 0) * self.seconds / self.here

    def __str__(self) -> str:
        if self.total <= 0:
            return f"{self.done:,} keys"
        share = min(self.done / self.total, 1.0)
        told = f"{self.done:,} of about {self.total:,} keys, {share:.0%}"
        return told if self.remaining is None else f"{told}, about {show_time(self.remaining)} left"


def show_time(seconds: float) -> str:
    """A duration that is only an estimate, as a person would say it."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
