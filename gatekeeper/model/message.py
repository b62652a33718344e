"""What people are told of a release, and how much it matters."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Event(Enum):
    """What happened to a release; the words that `events` under [[notify.channel]] takes."""

    STARTED = "started"
    WAITS = "waits"
    ROLLING_BACK = "rolling back"
    RELEASED = "released"
    ROLLED_BACK = "rolled back"
    STOPPED = "stopped"
    HELD = "held"
    BREAK_GLASS = "break-glass"

    @property
    def is_trouble(self) -> bool:
        """Somebody has to look: users may be living with a bad version, or one person has let a release through."""
        return self in {Event.ROLLING_BACK, Event.HELD, Event.BREAK_GLASS}

    @property
    def is_over(self) -> bool:
        """The release has ended, and what serves was seen to work."""
        return self in {Event.RELEASED, Event.ROLLED_BACK, Event.STOPPED}


@dataclass(frozen=True, slots=True)
class Message:
    """One event in words, without secrets or data: what happened, why, and what a person does next (or nothing).

    `incident` is one name for all that is told of this release: a pager opens and closes by it.
    """

    event: Event
    release: str
    service: str
    environment: str
    version: str
    commit: str
    title: str
    body: str
    next_step: str = ""

    @property
    def incident(self) -> str:
        """The release, and where it went."""
        return f"gatekeeper/{self.service}@{self.environment}/{self.release}"

    @property
    def text(self) -> str:
        """What follows the title."""
        return "\n".join(part for part in (self.body, self.next_step) if part)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the outbox keeps them."""
        return {**asdict(self), "event": self.event.value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Message":
        """The way back from `as_json`."""
        return cls(**{**value, "event": Event(value["event"])})
