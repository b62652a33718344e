"""The same version of the same commit does not go out again where it failed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatekeeper.model.release import Outcome, Release, ReleaseRecord, Step, StepState
from gatekeeper.policy.poison import poisoned_by

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FAILED = Release(
    "r1", "clinic", "production", "v2", "v1", "abc", "ada", NOW, outcome=Outcome.ROLLED_BACK
)  # fmt: skip
NEXT = replace(FAILED, id="r2", outcome=None, started=NOW + timedelta(days=1))
SMOKE = Step("smoke", StepState.FAILED, NOW)


def test_what_failed_its_checks_is_poisoned() -> None:
    older = ReleaseRecord(replace(FAILED, id="r0", started=NOW - timedelta(days=1)), (SMOKE,))

    assert poisoned_by(NEXT, [older, ReleaseRecord(FAILED, (SMOKE,))]) == ReleaseRecord(FAILED, (SMOKE,))


@pytest.mark.parametrize(
    "other",
    [
        replace(NEXT, commit="def"),
        replace(NEXT, version="v3"),
        replace(NEXT, environment="staging"),
        replace(NEXT, service="shop"),
    ],
)
def test_another_commit_version_or_place_is_not(other: Release) -> None:
    assert poisoned_by(other, [ReleaseRecord(FAILED, (SMOKE,))]) is None


@pytest.mark.parametrize("outcome", [Outcome.RELEASED, Outcome.STOPPED, Outcome.HELD, None])
def test_what_was_not_taken_back_is_not(outcome: Outcome | None) -> None:
    assert poisoned_by(NEXT, [ReleaseRecord(replace(FAILED, outcome=outcome), (SMOKE,))]) is None


def test_what_somebody_took_back_though_it_worked_is_not() -> None:
    good = replace(SMOKE, state=StepState.DONE)

    assert poisoned_by(NEXT, [ReleaseRecord(FAILED, (good,))]) is None
