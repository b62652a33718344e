"""Channels: how people hear of a release. Each says, as Actions, what to send; nothing here sends anything.

A channel is a module with `CHANNEL` as its last line, and a page of the same stem.
"""

import pkgutil
from collections.abc import Generator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Protocol

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.action import Action
from gatekeeper.model.message import Event, Message
from smoke.options import Resolved, resolve

Talk = Generator[Action, str, None]
"""Actions one after the other; what each one puts out is sent back in before the next is asked for."""


class Channel(Protocol):
    """One way to people, made from its options.

    `events` are those that it tells where the settings name none.
    """

    events: ClassVar[frozenset[Event]]

    def tell(self, message: Message, told: frozenset[Event]) -> Talk:
        """What to do so that the message arrives; nothing where it has no place here.

        `told` are the events of the same release that this channel was given before.
        """
        ...


class UnknownChannel(GatekeeperError):
    """A name that no channel has."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is no channel {name!r}",
            seen=[f"known are {', '.join(sorted(kinds()))}"],
            next_step="Correct `use` under [[notify.channel]].",
        )


@cache
def kinds() -> dict[str, type[Channel]]:
    """All channels by the name that `use` takes."""
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name.replace("_", "-"): import_module(f"{__name__}.{name}").CHANNEL for name in modules}


def channel(use: str, options: Mapping[str, Any], environment: Mapping[str, str]) -> Resolved[Channel]:
    """The channel and the secrets in its options; raises Misconfigured, which names the key, and UnknownChannel."""
    kind = kinds().get(use.replace("_", "-"))
    if kind is None:
        raise UnknownChannel(use)
    return resolve(f"notify channel {use!r}", kind, options, environment)


def shortened(text: str, characters: int) -> str:
    """The text, cut at the end where a service takes no more."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"
