"""What people are told of a release: the event, in words that name it, the reason and the next step, and no data."""

from gatekeeper.model.message import Event, Message
from gatekeeper.model.release import Outcome, Release

_BY_OUTCOME = {
    Outcome.RELEASED: Event.RELEASED,
    Outcome.ROLLED_BACK: Event.ROLLED_BACK,
    Outcome.STOPPED: Event.STOPPED,
    Outcome.HELD: Event.HELD,
}
_NEXT_STEP = {
    Event.HELD: "Look at it with `gatekeeper release status {id}`; then `gatekeeper release resume {id}` goes on, and "
    "`gatekeeper release rollback {id}` takes it back as far as that is safe.",
    Event.BREAK_GLASS: "Somebody else reviews it: `gatekeeper gate review {id} --reason …`; the next "
    "release waits for that.",
    Event.STOPPED: "Nothing serves that did not serve before. Mend it, and start a new release.",
    Event.ROLLED_BACK: "Nothing has to be done now; `gatekeeper release status {id}` shows what failed.",
}


def event_of(release: Release) -> Event:
    """What a release that a run has just left says: how it ended, or that it waits."""
    return _BY_OUTCOME[release.outcome] if release.outcome else Event.WAITS


def message_about(release: Release, event: Event, reason: str) -> Message:
    """The message; `reason` is a sentence, already without secrets."""
    change = f"{release.previous} → {release.version}" if release.previous else release.version
    return Message(
        event,
        release.id,
        release.service,
        release.environment,
        release.version,
        release.commit,
        title=f"{release.place} {change}: {event.value}",
        body=reason,
        next_step=_NEXT_STEP.get(event, "").format(id=release.id),
    )
