"""Delivers what waits in the outbox, beside the release: nobody's silence keeps a rollback waiting."""

import os
import threading
from datetime import timedelta

import stamina

from gatekeeper.config.settings import ChannelSettings, Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.message import Event
from gatekeeper.model.release import Release
from gatekeeper.notify import Channel, Talk, channel, kinds
from gatekeeper.policy.telling import message_about
from gatekeeper.release.carry_out import carry_out, problem_of
from gatekeeper.release.desk import Listener, now, secrets_of
from gatekeeper.store.open import Store
from gatekeeper.store.outbox import Letter, letters
from smoke.errors import SmokeError
from smoke.redact import clean

_TRIES, _FIRST_PAUSE, _LONGEST_PAUSE = 3, timedelta(milliseconds=500), timedelta(seconds=2)
_LONGEST_GOODBYE_SECONDS = 60.0


class Undelivered(GatekeeperError):
    """A channel that did not take a message; it stays in the outbox."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, next_step="It is tried again by the next command that acts on a release.")


def check_channels(settings: Settings) -> None:
    """Before anything begins; raises Misconfigured or UnknownChannel for a channel that cannot be used.

    Later, a channel that cannot be used keeps its messages in the outbox and nobody from going on or back.
    """
    for one in settings.notify.channel:
        channel(one.use, one.options, os.environ)


def letters_about(settings: Settings, release: Release, event: Event, reason: str) -> tuple[Letter, ...]:
    """What to put into the outbox; nothing where no channel tells of such an event."""
    message = message_about(release, event, clean(reason, secrets_of(settings)))
    return letters(message, [one.title for one in settings.notify.channel if event in _events(one)])


def deliver(settings: Settings, store: Store, listener: Listener) -> None:
    """Deliver every letter that waits and that no other process has in hand; what does not arrive stays."""
    known = {one.title: one for one in settings.notify.channel}
    while known and (letter := store.outbox.claim(now())) is not None:
        if (entry := known.get(letter.channel)) is None:
            listener.remarks("notify", f"{letter.channel} is no channel any more; its message is left")
            continue
        try:
            _tell(channel(entry.use, entry.options, os.environ).options, letter)
        except (GatekeeperError, SmokeError) as problem:
            listener.remarks("notify", clean(f"could not tell {letter.channel}: {problem}", secrets_of(settings)))
        else:
            store.outbox.sent(letter, now())


class Postman:
    """Delivers on a thread of its own while a release acts; `close` waits for what is on its way."""

    def __init__(self, settings: Settings, store: Store, listener: Listener) -> None:
        self._settings, self._store, self._listener = settings, store, listener
        self._rounds: list[threading.Thread] = []

    def tell(self, release: Release, event: Event, reason: str) -> None:
        """Put it into the outbox, and let it go out."""
        if written := letters_about(self._settings, release, event, reason):
            self._store.outbox.put(written, now())
            self.go()

    def go(self) -> None:
        """Take out what waits."""
        going = threading.Thread(target=deliver, args=(self._settings, self._store, self._listener), daemon=True)
        self._rounds.append(going)
        going.start()

    def close(self) -> None:
        """Come back; what takes longer than a minute stays in the outbox."""
        for going in self._rounds:
            going.join(_LONGEST_GOODBYE_SECONDS)


def _tell(taken_by: Channel, letter: Letter) -> None:
    """Tell it, from the beginning again where something on the way did not answer; raises Undelivered."""
    for attempt in stamina.retry_context(
        on=Undelivered, attempts=_TRIES, wait_initial=_FIRST_PAUSE, wait_max=_LONGEST_PAUSE
    ):
        with attempt:
            _talk(taken_by.tell(letter.message, letter.told))


def _talk(talk: Talk) -> None:
    heard: str | None = None
    try:
        while True:
            action = next(talk) if heard is None else talk.send(heard)
            carried = carry_out((action,))
            if (problem := problem_of(carried)) is not None:
                raise Undelivered(problem)
            heard = carried[-1].output
    except StopIteration:
        return
    except ValueError as error:
        raise Undelivered(f"the answer is not what the service documents: {error}") from error


def _events(entry: ChannelSettings) -> frozenset[Event]:
    kind = kinds().get(entry.use.replace("_", "-"))
    return frozenset(entry.events) or (kind.events if kind is not None else frozenset())
