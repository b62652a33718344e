"""Slack, Teams, e-mail and whatever else the library apprise knows: one URL a place."""

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from gatekeeper.model.action import Command
from gatekeeper.model.message import Event, Message
from gatekeeper.notify import Channel, Talk

_PROGRAM = "from apprise.cli import main; main()"
_TYPES = {
    Event.RELEASED: "success",
    Event.ROLLING_BACK: "failure",
    Event.HELD: "failure",
    Event.BREAK_GLASS: "failure",
    Event.ROLLED_BACK: "warning",
    Event.STOPPED: "warning",
}


@dataclass(frozen=True, slots=True)
class Apprise:
    """The URLs say where to, and hold the tokens: they come from the environment and travel in it.

    The program of the library runs in a process of its own: a place that hangs is ended with it.
    """

    urls: Annotated[str, Field(min_length=1)] = field(repr=False)
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 30.0

    events: ClassVar[frozenset[Event]] = frozenset(Event) - {Event.STARTED}

    def tell(self, message: Message, told: frozenset[Event]) -> Talk:
        """Title and text, in the colour of the event."""
        kind = _TYPES.get(message.event, "info")
        words = ("--title", message.title, "--body", message.text, "--notification-type", kind)
        yield Command(
            (sys.executable, "-c", _PROGRAM, "--storage-mode", "memory", *words),
            "tell people through apprise",
            {"APPRISE_URLS": self.urls},
            frozenset({"APPRISE_URLS"}),
            timeout=timedelta(seconds=self.timeout_seconds),
        )


CHANNEL: type[Channel] = Apprise
