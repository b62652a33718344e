"""Delivers what waits in the outbox, beside the release: nobody's silence keeps a rollback waiting."""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

import stamina

from gatekeeper.config.settings import ChannelSettings, Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.message import Event, Message
from gatekeeper.model.release import Release
from gatekeeper.notify import Channel, Talk, channel
from gatekeeper.policy.telling import message_about
from gatekeeper.release.carry_out import carry_out, problem_of
from gatekeeper.release.desk import Listener, now, secrets_of
from gatekeeper.store.open import Store
from gatekeeper.store.outbox import Letter, letters
from smoke.redact import clean

_TRIES, _FIRST_PAUSE, _LONGEST_PAUSE = 3, timedelta(milliseconds=500), timedelta(seconds=2)
_LONGEST_GOODBYE_SECONDS = 60.0


class Undelivered(GatekeeperError):
    """A channel that did not take a message; it stays in the outbox."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, next_step="It is tried again by the next command that acts on a release.")


def letters_about(settings: Settings, release: Release, event: Event, reason: str) -> tuple[Letter, ...]:
    """What to put into the outbox; raises Misconfigured or UnknownChannel for a channel that cannot be used."""
    message = message_about(release, event, clean(reason, secrets_of(settings)))
    wanting = [title for title, one in _channels(settings).items() if event in _events(settings, title, one)]
    return letters(message, wanting)


def deliver(settings: Settings, store: Store, listener: Listener) -> None:
    """Deliver every letter that waits and that no other process has in hand; what does not arrive stays."""
    if not settings.notify.channel:
        return
    known = _channels(settings)
    while (letter := store.outbox.claim(now())) is not None:
        if (taken_by := known.get(letter.channel)) is None:
            listener.remarks("notify", f"{letter.channel} is no channel any more; its message is left")
            continue
        try:
            _tell(taken_by.tell, letter)
        except GatekeeperError as problem:
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


def _tell(plan: Callable[[Message, frozenset[Event]], Talk], letter: Letter) -> None:
    """Tell it, from the beginning again where something on the way did not answer; raises Undelivered."""
    for attempt in stamina.retry_context(
        on=Undelivered, attempts=_TRIES, wait_initial=_FIRST_PAUSE, wait_max=_LONGEST_PAUSE
    ):
        with attempt:
            _talk(plan(letter.message, letter.told))


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


def _channels(settings: Settings) -> Mapping[str, Channel]:
    return {one.title: channel(one.use, one.options, os.environ).options for one in settings.notify.channel}


def _events(settings: Settings, title: str, one: Channel) -> frozenset[Event]:
    chosen: ChannelSettings = next(entry for entry in settings.notify.channel if entry.title == title)
    return frozenset(chosen.events) or one.events
