"""Conducts a release from outside: start, resume, roll back, abort. What the command line calls."""

import os
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.message import Event
from gatekeeper.model.release import Outcome, Phase, Release, ReleaseRecord, StepState
from gatekeeper.policy.poison import poisoned_by
from gatekeeper.policy.telling import event_of
from gatekeeper.release.at_gate import waits_for
from gatekeeper.release.desk import Desk, Listener, Silence, now
from gatekeeper.release.engine import forget, run_leg
from gatekeeper.release.identity import who_am_i
from gatekeeper.release.journal import Durably, take
from gatekeeper.release.lease import Lease, holding_both, target_leases
from gatekeeper.release.postman import Postman, check_channels, deliver, letters_about
from gatekeeper.release.records import record_of
from gatekeeper.release.reporting import leave_pages
from gatekeeper.release.run import WAITS_FOR_A_PERSON, Course, Ending, Runbook
from gatekeeper.release.seal import key_of, seal
from gatekeeper.store.open import Store

_GOING_BACK = frozenset({Phase.ROLL_BACK, Phase.VERIFY_ROLLBACK})
_BEFORE_PRODUCTION = frozenset({Phase.INTAKE, Phase.LINT, Phase.VERIFY, Phase.GATE})
INTERRUPTED = 130
_POLL_SECONDS = 1.0


class Poisoned(GatekeeperError):
    """A version that failed here before, and is the same as it was then."""

    exit_code = 2

    def __init__(self, release: Release, failed: Release) -> None:
        super().__init__(
            f"{release.version} was rolled back on {release.place} already, and it is still the same commit",
            seen=[f"release {failed.id}: {failed.summary}"],
            next_step="Release a version that mends it; or say with --again why this one works now.",
        )


class NotNow(GatekeeperError):
    """Something that the release, as it stands, does not allow."""

    exit_code = 2


def start(settings: Settings, store: Store, release: Release, listener: Listener, *, again: str = "") -> Ending:
    """Begin a release and follow it to its end, or to where it waits; `again` says why what failed may go out again.

    Raises PlaceTaken and Poisoned, and before anything begins what is wrong with the audit key or a channel.
    """
    key_of(settings)
    check_channels(settings)
    earlier = [record_of(store, one.id) for one in store.releases.newest(1000) if one.version == release.version]
    if not again and (before := poisoned_by(release, earlier)) is not None:
        raise Poisoned(release, before.release)
    told = letters_about(settings, release, Event.STARTED, f"{release.starter} has started it")
    with _holding(settings, store, release) as lease:
        store.releases.add(release, told, again=again)
        return _conduct(settings, store, release, Course.RELEASE, lease, listener)


def resume(settings: Settings, store: Store, release_id: str, listener: Listener) -> Ending:
    """Go on where a release waits, holds or was killed; raises NotNow for one that has ended."""
    release = record_of(store, release_id).release
    if release.outcome not in {None, Outcome.HELD}:
        raise NotNow(f"release {release.id} has ended: {release.outcome.value}", next_step="Start a new one.")
    with _holding(settings, store, release, even_if_down=True) as lease:
        store.releases.reopen(replace(release, outcome=None, ended=None), "resume", who_am_i(), now())
        course = Course.ROLL_BACK if release.phase in _GOING_BACK else Course.RELEASE
        return _conduct(settings, store, release, course, lease, listener)


def roll_back(settings: Settings, store: Store, release_id: str, listener: Listener) -> Ending:
    """Take the newest release back, by the decision table; raises NotNow where there is nothing to take back."""
    record = record_of(store, release_id)
    release = record.release
    if record.step("deploy") is None:
        raise NotNow(f"release {release.id} was never deployed", next_step="`gatekeeper release abort` ends it.")
    if release.outcome in {Outcome.ROLLED_BACK, Outcome.STOPPED}:
        raise NotNow(f"release {release.id} has ended: {release.outcome.value}", next_step="There is nothing to undo.")
    if _followed(store, release):
        raise NotNow(
            f"another release has followed {release.id} on {release.place}",
            next_step="Roll that one back, or release the older version anew.",
        )
    with _holding(settings, store, release, even_if_down=True) as lease:
        forget(release.id, store_url=settings.store.url.get_secret_value())
        backwards = replace(release, outcome=None, ended=None, phase=Phase.ROLL_BACK)
        store.releases.reopen(backwards, "ask for a rollback", who_am_i(), now())
        return _conduct(settings, store, release, Course.ROLL_BACK, lease, listener)


def abort(settings: Settings, store: Store, release_id: str) -> Release:
    """End a release that has not touched production yet; raises NotNow for one that has."""
    record = record_of(store, release_id)
    release = record.release
    if release.outcome is not None:
        raise NotNow(f"release {release.id} has ended: {release.outcome.value}", next_step="There is nothing to abort.")
    if release.phase not in _BEFORE_PRODUCTION:
        raise NotNow(
            f"release {release.id} has touched production ({release.phase.value})",
            next_step=f"`gatekeeper release resume {release.id}` ends it properly, "
            f"`gatekeeper release rollback {release.id}` takes it back.",
        )
    with _holding(settings, store, release, even_if_down=True):
        forget(release.id, store_url=settings.store.url.get_secret_value())
        ending = Ending(Outcome.STOPPED, 1, "aborted before it touched production")
        closed = _close(settings, store, release.id, ending, by=who_am_i())
    deliver(settings, store, Silence())
    return closed


def waits_at_gate(ending: Ending) -> bool:
    """Whether a run ended because people are missing."""
    return ending.outcome is None and ending.exit_code == WAITS_FOR_A_PERSON


def gate_answers(settings: Settings, store: Store, release_id: str, *, within: timedelta) -> bool:
    """Wait until the gate opens or refuses; False where the time passes without either."""
    end = time.monotonic() + within.total_seconds()
    while waits_for(settings, store, record_of(store, release_id)):
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def is_open_ended(record: ReleaseRecord) -> bool:
    """Whether a run broke off in the middle: it has no end, and does not wait at its gate."""
    gate = record.step("gate")
    at_gate = gate is not None and gate.state is StepState.WAITING
    return record.release.outcome is None and not at_gate


def _holding(
    settings: Settings, store: Store, release: Release, *, even_if_down: bool = False
) -> AbstractContextManager[Lease]:
    """The right to act. A target that is down keeps nobody from going on with what has begun, or from going back."""
    target = target_leases(settings)
    return holding_both(store.leases, target, release.place, release.id, even_if_down=even_if_down)


def _conduct(
    settings: Settings, store: Store, release: Release, course: Course, lease: Lease, listener: Listener
) -> Ending:
    postman = Postman(settings, store, listener)
    postman.go()
    desk = Desk(release.id, settings, store, lease, listener, postman)

    def follow(course_name: str, durably: Durably) -> dict[str, object]:
        runbook = Runbook(release, lambda work: take(desk, work, durably))
        if Course(course_name) is Course.RELEASE:
            return runbook.release().as_json()
        runbook.know({step.name: step.result["facts"] for step in store.steps.of(release.id)})
        return runbook.roll_back().as_json()

    url = settings.store.url.get_secret_value()
    try:
        ending = Ending.from_json(run_leg(release.id, course.value, follow, place=release.place, store_url=url))
    except KeyboardInterrupt:
        listener.remarks("interrupted", f"go on with `gatekeeper release resume {release.id}`")
        os._exit(INTERRUPTED)  # the step's thread would act on; a killed process is what resume is made for
    _close(settings, store, release.id, ending, by="gatekeeper")
    postman.go()
    postman.close()
    return ending


def _close(settings: Settings, store: Store, release_id: str, ending: Ending, *, by: str) -> Release:
    """Write down how the run ended, sign the audit log up to here, and leave the summary for people."""
    release = record_of(store, release_id).release
    release = replace(release, summary=ending.summary, undo=ending.undo or release.undo)
    if ending.outcome is not None:
        phase = release.phase if ending.outcome is Outcome.HELD else Phase.CLOSED
        release = replace(release, outcome=ending.outcome, ended=now(), phase=phase)
    told = letters_about(settings, release, event_of(release), release.summary)
    store.releases.end(release, by, now(), told)
    (store.evidence.folder(release.id) / "audit-head.txt").write_text(seal(settings, store).text, encoding="utf-8")
    leave_pages(store, record_of(store, release.id))
    return release


def _followed(store: Store, release: Release) -> bool:
    """Whether a later release of the same place was deployed."""
    later = [one for one in store.releases.newest(1000) if one.place == release.place and one.started > release.started]
    return any(step.name == "deploy" for one in later for step in store.steps.of(one.id))
