"""How long the next try may wait for a lock, and how long to pause before it. Pure: the clock and the dice come in."""

from dataclasses import dataclass

_FIRST_WAIT_SECONDS = 0.05
_GROWTH = 1.5
_PAUSE_PER_STALL = 4.0
_SHORTEST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Budget:
    """The longest that anyone may wait because of us in one try, and the time after which we give way, in seconds."""

    max_stall: float
    give_up_after: float


def lock_wait(attempt: int, budget: Budget) -> float:
    """The lock_timeout of a try, counted from 1: short at first, then the whole budget; never more, never none."""
    growing: float = _FIRST_WAIT_SECONDS * _GROWTH ** min(attempt - 1, 40)
    return max(min(growing, budget.max_stall), 0.001)


def pause(stalled: float, dice: float) -> float:
    """How long to leave everyone alone: at least four times what was stalled, so that they have most of the time.

    `dice` between 0 and 1 spreads several migrators apart.
    """
    rest = max(_PAUSE_PER_STALL * stalled, _SHORTEST_PAUSE_SECONDS)
    return max(min(rest * (1.0 + 0.5 * dice), _LONGEST_PAUSE_SECONDS), _PAUSE_PER_STALL * stalled)


def gives_up(elapsed: float, next_pause: float, budget: Budget) -> bool:
    """Whether there is no time left for another try."""
    return elapsed + next_pause >= budget.give_up_after
