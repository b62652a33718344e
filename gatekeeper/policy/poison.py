"""What has failed once does not go out again by itself: the same version of the same commit is poisoned."""

from collections.abc import Sequence

from gatekeeper.model.release import Outcome, Release, ReleaseRecord, StepState


def poisoned_by(release: Release, earlier: Sequence[ReleaseRecord]) -> ReleaseRecord | None:
    """The newest earlier release that put the same thing into the same place and had to be taken back; or None.

    One that was taken back because somebody asked, with every check passed, poisons nothing.
    """
    found = [one for one in earlier if _is_same(release, one.release) and _failed(one)]
    return max(found, key=lambda one: one.release.started, default=None)


def _is_same(release: Release, other: Release) -> bool:
    named = (other.place, other.version, other.commit)
    return other.id != release.id and named == (release.place, release.version, release.commit)


def _failed(record: ReleaseRecord) -> bool:
    taken_back = record.release.outcome is Outcome.ROLLED_BACK
    return taken_back and any(step.state is StepState.FAILED for step in record.steps)
