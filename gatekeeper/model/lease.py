"""The right to act on a place: who has it, until when, and under which epoch."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

NOBODY = ""


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A place's lease as it stands; `holder` is empty where nobody acts."""

    place: str
    epoch: int
    release: str
    holder: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Fence:
    """What an effect asserts in its own transaction: that this is still the epoch of the place."""

    place: str
    epoch: int


class LeaseBook(Protocol):
    """Where leases are kept. An epoch only ever rises."""

    def now(self) -> datetime:
        """The clock by which leases expire here."""
        ...

    def read(self, place: str) -> LeaseRow | None:
        """The lease of a place, or None where nobody has acted on it yet."""
        ...

    def take(self, seen: LeaseRow | None, wanted: LeaseRow) -> bool:
        """Take it with the next epoch if it still stands as it was seen; says whether that worked."""
        ...

    def renew(self, place: str, epoch: int, expires: datetime) -> bool:
        """Hold it longer; False where somebody else has taken it over."""
        ...

    def give_back(self, place: str, epoch: int) -> None:
        """Nobody acts any more; the epoch stays, so that it keeps rising."""
        ...
