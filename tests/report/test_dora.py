"""DORA's figures are counted from releases as they happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.release import Outcome, Release, ReleaseRecord, Step, StepState
from gatekeeper.report.dora import delivery
from gatekeeper.report.timeline import show_seconds

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
RELEASE = Release("r1", "clinic", "production", "v2", "v1", "abc", "ada", NOW - timedelta(days=1))


def released(commit: str = "abc", hours: float = 1, **more: Any) -> ReleaseRecord:
    one = replace(RELEASE, commit=commit, outcome=Outcome.RELEASED, ended=RELEASE.started + timedelta(hours=hours))
    return ReleaseRecord(replace(one, **more), (Step("deploy", StepState.DONE, RELEASE.started),))


def taken_back(seconds: float) -> ReleaseRecord:
    failed = RELEASE.started + timedelta(minutes=5)
    steps = (
        Step("deploy", StepState.DONE, RELEASE.started),
        Step("smoke", StepState.FAILED, failed, result={"facts": {"first_failure": failed.isoformat()}}),
        Step("verify rollback", StepState.DONE, failed, seconds),
    )
    return ReleaseRecord(replace(RELEASE, outcome=Outcome.ROLLED_BACK, ended=failed), steps)


def test_the_four_figures_of_a_week() -> None:
    records = [released(hours=1), released("def", hours=3), released("unknown"), taken_back(30), taken_back(50)]
    committed = {"abc": RELEASE.started - timedelta(hours=1), "def": RELEASE.started - timedelta(hours=3)}

    figures = delivery(records, committed, NOW - WEEK, NOW)

    assert (figures.deployments, figures.per_week, figures.change_fail_rate) == (5, 5.0, 0.4)
    assert figures.lead_time == timedelta(hours=4)
    assert figures.recovery == timedelta(seconds=40)
    assert figures.as_json()["measured"] == {"lead_times": 2, "recoveries": 2}


def test_what_was_never_deployed_or_lies_outside_is_not_counted() -> None:
    stopped = ReleaseRecord(replace(RELEASE, outcome=Outcome.STOPPED), (Step("lint", StepState.FAILED, NOW),))
    old = released(started=NOW - timedelta(days=30))

    figures = delivery([stopped, old], {}, NOW - WEEK, NOW)

    assert figures.deployments == 0
    assert (figures.change_fail_rate, figures.lead_time, figures.recovery) == (None, None, None)


@given(st.floats(min_value=0, max_value=10**7))
def test_a_duration_is_shown_short_and_with_its_unit(seconds: float) -> None:
    shown = show_seconds(seconds)

    assert len(shown) <= 14
    assert shown.split()[-1] in {"ms", "s", "min", "h"}


def test_long_durations_are_told_in_hours_and_days() -> None:
    assert [show_seconds(n) for n in (185, 7_800, 90_000, 273_600)] == [
        "3 min 5 s",
        "2 h 10 min",
        "1 day 1 h",
        "3 days 4 h",
    ]
