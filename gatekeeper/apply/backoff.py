"""How long the next try may wait for a lock, and how long to pause before it. Pure: the clock and the dice come in."""

from dataclasses import dataclass

_GROWTH = 1.5
_TRIES_TO_PAY_FOR = 10
_PAUSE_PER_STALL = 4.0
_SHORTEST_PAUSE_SECONDS = 0.1
_SHORTEST_WAIT_SECONDS = 0.005
_VACUUM_NEEDS_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Budget:
    """What we may cost others in one try, and in all tries together; and after how long we give way. In seconds."""

    max_stall: float
    give_up_after: float
    max_total_stall: float | None = None

    @property
    def all_stalls(self) -> float:
        """What all tries together may cost: ten times one where nothing else was said."""
        return _TRIES_TO_PAY_FOR * self.max_stall if self.max_total_stall is None else self.max_total_stall


def lock_wait(attempt: int, drain: float, budget: Budget, *, vacuum: bool = False) -> float:
    """How long a try, counted from 1, may wait for its locks: at first what traffic needs to drain, then more.

    An autovacuum that has to yield first needs longer. Never more than the budget, and never without an end.
    """
    growing = drain * _GROWTH ** min(attempt - 1, 40)
    shortest = _VACUUM_NEEDS_SECONDS if vacuum else _SHORTEST_WAIT_SECONDS
    return min(max(growing, shortest), budget.max_stall)


def pause(stalled: float, dice: float) -> float:
    """How long to leave everyone alone: at least four times what was stalled, so that they have most of the time.

    `dice` between 0 and 1 spreads several migrators apart.
    """
    return max(_PAUSE_PER_STALL * stalled, _SHORTEST_PAUSE_SECONDS) * (1.0 + 0.5 * dice)


def gives_up(elapsed: float, stalled: float, next_pause: float, budget: Budget) -> bool:
    """Whether no other try may follow: the time is up, or another try could stall others for more than all we may."""
    return elapsed + next_pause >= budget.give_up_after or stalled + budget.max_stall > budget.all_stalls
