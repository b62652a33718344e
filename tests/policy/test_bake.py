"""What is decided while a release bakes: bad beyond chance, good, or not known; never bad for want of data."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.bake import Bake, BakeVerdict, Counts, Look, Objective, Schedule
from gatekeeper.policy.bake import judge

LOGIN = Objective("login", target=0.99, minimum=30)
SEEN = st.none() | st.tuples(st.integers(0, 400), st.integers(0, 400)).map(lambda pair: Counts(min(pair), max(pair)))


def looks(*seen: Counts | None) -> tuple[Look, ...]:
    return tuple(Look(timedelta(seconds=15 * number), {"login": counts}) for number, counts in enumerate(seen, 1))


def judged(seen: Sequence[Counts | None], *, of: int = 4, before: Counts | None = None) -> Bake:
    return judge([LOGIN], looks(*seen), {"login": before} if before else {}, Schedule(of))


def test_a_release_that_fails_beyond_chance_is_failed_at_once() -> None:
    bake = judged([Counts(12, 60)])

    assert bake.verdict is BakeVerdict.FAILED
    assert bake.objectives[0].message == "12 bad of 60 (20.00%), 1.00% are allowed"


def test_a_few_errors_are_watched_and_are_good_at_the_end() -> None:
    assert judged([Counts(1, 60)]).verdict is BakeVerdict.WATCHING
    assert judged([Counts(1, 60), Counts(1, 120), Counts(2, 180), Counts(2, 240)]).verdict is BakeVerdict.GOOD


def test_too_few_events_say_nothing() -> None:
    assert judged([Counts(3, 3)] * 4).verdict is BakeVerdict.INCONCLUSIVE


def test_a_source_that_is_silent_at_the_end_or_half_the_time_is_no_success() -> None:
    good = Counts(0, 200)

    assert judged([None] * 4).verdict is BakeVerdict.INCONCLUSIVE
    assert judged([good, good, good, None]).verdict is BakeVerdict.INCONCLUSIVE
    assert judged([None, None, None, good]).verdict is BakeVerdict.INCONCLUSIVE
    assert judged([good, None, good, good]).verdict is BakeVerdict.GOOD


def test_a_release_is_not_blamed_for_what_was_as_bad_before() -> None:
    bad = [Counts(12, 60)] * 4

    assert judged(bad, before=Counts(0, 3600)).verdict is BakeVerdict.FAILED
    same = judged(bad, before=Counts(720, 3600))
    assert same.verdict is BakeVerdict.INCONCLUSIVE
    assert "it was no better before (20.00% of 3600)" in same.objectives[0].message


def test_one_bad_objective_is_enough_and_one_unknown_is_not_good() -> None:
    other = Objective("orders", target=0.9, minimum=10)
    last = Look(timedelta(minutes=1), {"login": Counts(0, 400), "orders": Counts(50, 60)})

    assert judge([LOGIN, other], [last] * 4, {}, Schedule(4)).verdict is BakeVerdict.FAILED
    half = Look(timedelta(minutes=1), {"login": Counts(0, 400)})
    assert judge([LOGIN, other], [half] * 4, {}, Schedule(4)).verdict is BakeVerdict.INCONCLUSIVE


@given(st.lists(SEEN, min_size=1, max_size=6), st.integers(1, 6), st.none() | st.just(Counts(3, 600)))
def test_a_verdict_is_always_given_and_only_counts_can_fail(
    seen: list[Counts | None], of: int, before: Counts | None
) -> None:
    bake = judged(seen, of=of, before=before)

    assert (bake.verdict is BakeVerdict.WATCHING) <= (len(seen) < of)
    newest = next((counts for counts in reversed(seen) if counts is not None), None)
    if bake.verdict is BakeVerdict.FAILED:
        assert newest is not None
        assert newest.share > LOGIN.budget
        assert newest.total >= LOGIN.minimum


@given(st.integers(30, 2000), st.data())
def test_more_errors_are_never_better(total: int, data: st.DataObject) -> None:
    fewer = data.draw(st.integers(0, total))
    more = data.draw(st.integers(fewer, total))
    order = [BakeVerdict.GOOD, BakeVerdict.FAILED]

    first, second = (judged([Counts(bad, total)], of=1).verdict for bad in (fewer, more))

    assert order.index(first) <= order.index(second)


@given(st.integers(30, 400), st.integers(0, 400), st.integers(1, 40))
def test_looking_more_often_asks_for_more_evidence(total: int, bad: int, times: int) -> None:
    counts = Counts(min(bad, total), total)

    if judge([LOGIN], looks(counts), {}, Schedule(times)).verdict is BakeVerdict.FAILED:
        assert judge([LOGIN], looks(counts), {}, Schedule(1)).verdict is BakeVerdict.FAILED
