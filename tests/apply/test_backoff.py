"""Tries are short, pauses long, and no try is ever without a timeout."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.backoff import Budget, gives_up, lock_wait, pause

BUDGETS = st.builds(Budget, st.floats(0.001, 60), st.floats(0, 3600))


@given(st.integers(1, 10_000), BUDGETS)
def test_no_try_waits_longer_than_the_budget_or_without_a_timeout(attempt: int, budget: Budget) -> None:
    assert 0 < lock_wait(attempt, budget) <= max(budget.max_stall, 0.001)


@given(st.integers(1, 10_000), BUDGETS)
def test_a_later_try_may_wait_at_least_as_long(attempt: int, budget: Budget) -> None:
    assert lock_wait(attempt + 1, budget) >= lock_wait(attempt, budget)


@given(st.floats(0, 3600), st.floats(0, 1))
def test_others_get_at_least_four_fifths_of_the_time(stalled: float, dice: float) -> None:
    assert pause(stalled, dice) >= 4 * stalled


@given(st.floats(0, 7200), st.floats(0, 60), BUDGETS)
def test_it_gives_up_exactly_when_no_time_is_left(elapsed: float, rest: float, budget: Budget) -> None:
    assert gives_up(elapsed, rest, budget) == (elapsed + rest >= budget.give_up_after)
