"""A backfill is as fast as was asked for, where that keeps nobody waiting."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.pace import Pace, Progress, after_batch, begin, show_time
from gatekeeper.apply.standby_lag import StandbyLag

SECONDS = st.floats(0, 100)


@given(st.integers(1, 10**6), st.lists(st.tuples(st.integers(0, 10**6), SECONDS)), st.floats(0.01, 5))
def test_a_batch_is_never_empty_and_never_larger_than_was_asked_for(
    most: int, batches: list[tuple[int, float]], stall: float
) -> None:
    pace = begin(most)
    for keys, seconds in batches:
        pace = after_batch(pace, min(keys, pace.size), seconds, stall)
        assert 1 <= pace.size <= most
        assert pace.rest >= 0


@given(size=st.integers(10, 10**6), seconds=st.floats(0.3, 100), stall=st.floats(0.01, 0.5))
def test_where_a_batch_took_longer_than_half_of_the_budget_the_next_one_is_smaller(
    size: int, seconds: float, stall: float
) -> None:
    assert after_batch(begin(size), size, seconds, stall).size < size


def test_it_grows_again_step_by_step_when_keys_take_less() -> None:
    pace = Pace(1000, 100)
    sizes = []
    for _ in range(5):
        pace = after_batch(pace, pace.size, 0.001, 0.5)
        sizes.append(pace.size)

    assert sizes == [200, 400, 800, 1000, 1000]


def test_it_rests_when_keys_take_much_longer_than_at_best_and_not_before() -> None:
    usual = after_batch(begin(1000), 1000, 0.05, 10)
    slow = after_batch(usual, 1000, 0.5, 10)

    assert usual.rest == 0
    assert slow.rest == 2.0
    assert after_batch(slow, 1000, 0.05, 10).rest == 0


def test_progress_says_what_is_left_as_far_as_that_is_known() -> None:
    assert str(Progress(1000, 0, 1000, 1)) == "1,000 keys"
    assert str(Progress(1000, 4000, 0, 1)) == "1,000 of about 4,000 keys, 25%"
    assert str(Progress(3000, 4000, 1000, 20)) == "3,000 of about 4,000 keys, 75%, about 20 s left"
    assert str(Progress(5000, 4000, 1000, 20)) == "5,000 of about 4,000 keys, 100%, about 1 s left"
    assert [show_time(seconds) for seconds in (89, 95, 7000)] == ["89 s", "2 min", "1.9 h"]


def test_a_standby_is_behind_since_it_owes_something_and_no_longer() -> None:
    now = 0.0
    lag = StandbyLag(lambda: now)

    assert lag.behind(100, 100) == 0
    now = 1.0
    assert lag.behind(200, 100) == 0
    now = 3.0
    assert lag.behind(300, 150) == 2  # stands still since what was written at 1.0
    now = 4.0
    assert lag.behind(300, 200) == 1  # has that, and owes what was written at 3.0
    assert lag.behind(300, 300) == 0
    assert lag.behind(400, None) == 0  # no standby, or not for our eyes
