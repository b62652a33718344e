"""How far a build is: never backwards from phase to phase, never more than all, and nothing where nothing is known."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.build_progress import _SHARES, BuildProgress, told

COUNTS = st.integers(0, 10**9)


def at(phase: str, total: int = 0, done: int = 0) -> BuildProgress:
    return BuildProgress(phase, 0, 0, total, done, 0, 0)


@given(st.sampled_from([phase for phase, _ in _SHARES]), COUNTS, COUNTS)
def test_it_is_never_more_than_all(phase: str, total: int, done: int) -> None:
    reached = at(phase, total, done).done

    assert reached is not None
    assert 0 <= reached <= 1.000001


def test_a_later_phase_is_further_on_and_the_last_one_ends_it() -> None:
    begun = [at(phase, 100, 0).done or 0.0 for phase, _ in _SHARES]
    ended = [at(phase, 100, 100).done or 0.0 for phase, _ in _SHARES]

    assert begun == sorted(begun)
    assert abs(ended[-1] - 1) < 1e-9


def test_it_says_whom_it_waits_for_and_what_is_left_of_the_work() -> None:
    waiting = BuildProgress("waiting for old snapshots", 3, 1, 0, 0, 0, 0)

    assert told(waiting, 10) == "waiting for old snapshots (1 of 3 transactions have ended)"
    assert told(at("building index: scanning table", 100, 50), 21) == (
        "building index: scanning table, 21%, about 79 s left"
    )
    assert told(at("building index: scanning table", 100, 1), 1) == "building index: scanning table, 0%"
    assert told(at("initializing"), 1) == "initializing"
