"""The outbox: messages are written with what they tell of, in one transaction, and delivered until they arrive.

A letter is put in once, by its key. It is delivered at least once: a process that is killed after sending and before
writing that down leaves it to be sent again, which a pager and a deployment status take as the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, insert, or_, select, update

from gatekeeper.model.message import Event, Message
from gatekeeper.store import tables

_outbox = tables.outbox
_CLAIM_LASTS = timedelta(minutes=3)
_MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Letter:
    """One message for one channel. `told` are the events of this release that the channel was given before it."""

    key: str
    channel: str
    message: Message
    told: frozenset[Event] = frozenset()


def letters(message: Message, channels: Sequence[str]) -> tuple[Letter, ...]:
    """One for each channel; the same event told in the same words is the same letter."""
    return tuple(Letter(_key(message, name), name, message) for name in channels)


def put(connection: Connection, written: Sequence[Letter], at: datetime) -> None:
    """Write letters down, in the transaction of what they tell of; those that are there already stay as they are."""
    for letter in written:
        if connection.execute(select(_outbox.c.key).where(_outbox.c.key == letter.key)).first() is None:
            connection.execute(
                insert(_outbox).values(
                    key=letter.key,
                    release=letter.message.release,
                    channel=letter.channel,
                    event=letter.message.event.value,
                    message=letter.message.as_json(),
                    written=at,
                    attempts=0,
                )
            )


class Outbox:
    """The letters that wait, and those that have gone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, written: Sequence[Letter], at: datetime) -> None:
        """Write down letters that tell of nothing else that is written."""
        with self._engine.begin() as connection:
            put(connection, written, at)

    def claim(self, now: datetime) -> Letter | None:
        """The next letter to deliver, for us alone for a while; None where none waits.

        One that was tried in vain comes back when its time is over, and not at all after a dozen attempts.
        """
        free = or_(_outbox.c.claimed.is_(None), _outbox.c.claimed < now - _CLAIM_LASTS)
        waits = and_(_outbox.c.sent.is_(None), _outbox.c.attempts < _MOST_ATTEMPTS, free)
        query = select(_outbox).where(waits).order_by(_outbox.c.written, _outbox.c.key).limit(1)
        with self._engine.begin() as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return None
            taken = update(_outbox).where(_outbox.c.key == row["key"])
            connection.execute(taken.values(claimed=now, attempts=row["attempts"] + 1))
            earlier = select(_outbox.c.event).where(
                _outbox.c.release == row["release"],
                _outbox.c.channel == row["channel"],
                _outbox.c.written <= row["written"],
                _outbox.c.key != row["key"],
            )
            told = frozenset(Event(event) for event in connection.execute(earlier).scalars())
        return Letter(row["key"], row["channel"], Message.from_json(row["message"]), told)

    def sent(self, letter: Letter, at: datetime) -> None:
        """It has arrived."""
        with self._engine.begin() as connection:
            connection.execute(update(_outbox).where(_outbox.c.key == letter.key).values(sent=at))


def _key(message: Message, channel: str) -> str:
    told = (message.release, channel, message.event.value, message.body)
    return hashlib.sha256("\0".join(told).encode()).hexdigest()
