"""Errors a person can act on. Anything else that escapes is a bug and keeps its traceback."""

from collections.abc import Sequence
from typing import ClassVar


class GatekeeperError(Exception):
    """Says what happened, what was seen, and what to do next, in that order."""

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, *, seen: Sequence[str] = (), next_step: str) -> None:
        self.what = what
        self.seen = tuple(seen)
        self.next_step = next_step
        super().__init__("\n  ".join([what, *seen, next_step]))


class NotBuiltYet(GatekeeperError):
    """A command that is named in the interface and filled by a later version."""

    exit_code = 2


class GaveWay(GatekeeperError):
    """Others came first: what was wanted could not be had without making them wait; nothing of it was changed."""

    exit_code = 4
