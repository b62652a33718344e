"""The right to act on a place: one process at a time, and a dead one's release can be taken over.

Thin: the lease lives in the store and fences what is written there. The migration is fenced by its own lock in
the target database; a provider's commands are not fenced.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gatekeeper.errors import GatekeeperError
from gatekeeper.process import birth_of, is_running
from gatekeeper.store.leases import NOBODY, LeaseRow, Leases

LASTS = timedelta(seconds=60)
_RENEW_EVERY_SECONDS = 10.0


class PlaceTaken(GatekeeperError):
    """Somebody else acts on the place, or has left it half-way."""

    def __init__(self, row: LeaseRow, *, is_alive: bool) -> None:
        self.release = row.release
        doing = f"it is being worked on by {row.holder}" if is_alive else f"{row.holder} left it half-way"
        super().__init__(
            f"release {row.release} is not finished on {row.place}",
            seen=[doing],
            next_step="Wait until it has ended."
            if is_alive
            else f"First run `gatekeeper release resume {row.release}`, or abort it.",
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that we hold; `epoch` goes with everything that is written under it."""

    place: str
    epoch: int


def may_take(row: LeaseRow | None, release: str, now: datetime, is_alive: Callable[[str], bool | None]) -> bool:
    """Whether a release may act; raises PlaceTaken where it may not.

    `is_alive` answers for a holder whether its process lives, None where that cannot be seen from here; then the
    expiry decides. What another release has left half-way is not walked over, however long ago that was.
    """
    if row is None or row.holder == NOBODY:
        return True
    alive = is_alive(row.holder)
    holds = alive if alive is not None else now < row.expires
    if holds or row.release != release:
        raise PlaceTaken(row, is_alive=holds)
    return True


@contextmanager
def holding(leases: Leases, place: str, release: str) -> Iterator[Lease]:
    """Hold the lease as long as the block runs; raises PlaceTaken. A killed process leaves it to be taken over."""
    now = datetime.now(UTC)
    seen = leases.read(place)
    may_take(seen, release, now, lives_here)
    wanted = LeaseRow(place, (seen.epoch if seen else 0) + 1, release, _holder(), now + LASTS)
    if not leases.take(seen, wanted):
        raise PlaceTaken(leases.read(place) or wanted, is_alive=True)
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(leases, wanted, stop), daemon=True)
    renewal.start()
    try:
        yield Lease(place, wanted.epoch)
    finally:
        stop.set()
        renewal.join()
        leases.give_back(place, wanted.epoch)


def lives_here(holder: str) -> bool | None:
    """Whether the holder's process lives; None where it runs on another machine."""
    host, pid, birth = holder.rsplit(":", 2)
    return is_running(int(pid), birth=int(birth) or None) if host == socket.gethostname() else None


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{birth_of(os.getpid()) or 0}"


def _renew(leases: Leases, lease: LeaseRow, stop: threading.Event) -> None:
    while not stop.wait(_RENEW_EVERY_SECONDS):
        leases.renew(lease.place, lease.epoch, datetime.now(UTC) + LASTS)
