"""Tries are short, pauses long, and no try is ever without a timeout."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.backoff import Budget, gives_up, lock_wait, pause

BUDGETS = st.builds(Budget, st.floats(0.001, 60), st.floats(0, 3600), st.none() | st.floats(0, 100))
DRAINS = st.floats(0, 100)


@given(st.integers(1, 10_000), DRAINS, BUDGETS)
def test_no_try_waits_longer_than_the_budget_or_without_a_timeout(attempt: int, drain: float, budget: Budget) -> None:
    assert 0 < lock_wait(attempt, drain, budget) <= budget.max_stall


@given(st.integers(1, 10_000), DRAINS, BUDGETS)
def test_a_later_try_may_wait_at_least_as_long(attempt: int, drain: float, budget: Budget) -> None:
    assert lock_wait(attempt + 1, drain, budget) >= lock_wait(attempt, drain, budget)


@given(st.integers(1, 10_000), DRAINS, BUDGETS, st.booleans())
def test_an_autovacuum_is_given_time_to_yield_within_the_budget(
    attempt: int, drain: float, budget: Budget, vacuum: bool
) -> None:
    wait = lock_wait(attempt, drain, budget, vacuum=vacuum)

    assert min(0.1, budget.max_stall) <= wait <= budget.max_stall or not vacuum


@given(DRAINS, BUDGETS)
def test_the_first_try_waits_no_longer_than_traffic_needs_to_drain(drain: float, budget: Budget) -> None:
    assert lock_wait(1, drain, budget) <= max(drain, 0.005)


@given(st.floats(0, 3600), st.floats(0, 1))
def test_others_get_at_least_four_fifths_of_the_time(stalled: float, dice: float) -> None:
    assert pause(stalled, dice) >= 4 * stalled


@given(st.floats(0, 7200), st.floats(0, 200), st.floats(0, 60), BUDGETS)
def test_no_try_follows_when_the_time_is_up_or_it_could_stall_others_for_more_than_all_we_may(
    elapsed: float, stalled: float, rest: float, budget: Budget
) -> None:
    if not gives_up(elapsed, stalled, rest, budget):
        assert elapsed + rest < budget.give_up_after
        assert stalled + budget.max_stall <= budget.all_stalls
