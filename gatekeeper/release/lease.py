"""The right to act on a place: one process at a time, and a dead one's release can be taken over.

It is taken twice: in the store, where it fences what is written there, and in the target database, where runners with
stores of their own meet, and every migration asserts its epoch in its own transaction.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatekeeper.apply.lease import TargetLeases
from gatekeeper.apply.session import DatabaseUnreachable
from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.lease import NOBODY, Fence, LeaseBook, LeaseRow
from gatekeeper.process import birth_of, is_running

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
    """A lease that we hold; `epoch` goes with everything that is written to the store under it.

    `fence` is asserted by what is done to the target; None where there is no target database, or it is down.
    """

    place: str
    epoch: int
    fence: Fence | None = None


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
def holding(leases: LeaseBook, place: str, release: str) -> Iterator[Lease]:
    """Hold the lease as long as the block runs; raises PlaceTaken. A killed process leaves it to be taken over."""
    now = leases.now()
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
        with suppress(GatekeeperError):  # a target that is down keeps the lease, which then expires
            leases.give_back(place, wanted.epoch)


@contextmanager
def holding_both(
    store: LeaseBook, target: LeaseBook | None, place: str, release: str, *, even_if_down: bool
) -> Iterator[Lease]:
    """Hold the place in the store and, where there is one, in the target database; raises PlaceTaken.

    `even_if_down`: a target that does not answer keeps nobody from going back; then there is no fence.
    """
    with ExitStack() as held:
        lease = held.enter_context(holding(store, place, release))
        fence: Fence | None = None
        if target is not None:
            try:
                fence = Fence(place, held.enter_context(holding(target, place, release)).epoch)
            except DatabaseUnreachable:
                if not even_if_down:
                    raise
        yield replace(lease, fence=fence)


def check_fence(settings: Settings, lease: Lease, *, even_if_down: bool) -> None:
    """Right before something outside is changed; raises LeaseTakenOver where another process acts by now."""
    target = target_leases(settings)
    if target is None or lease.fence is None:
        return
    try:
        target.check(lease.fence)
    except DatabaseUnreachable:
        if not even_if_down:
            raise


def target_leases(settings: Settings) -> TargetLeases | None:
    """The leases in the target database; None where the settings name none."""
    url = settings.migrate.url
    return TargetLeases(url.get_secret_value()) if url is not None else None


def lives_here(holder: str) -> bool | None:
    """Whether the holder's process lives; None where it runs on another machine."""
    host, pid, birth = holder.rsplit(":", 2)
    return is_running(int(pid), birth=int(birth) or None) if host == socket.gethostname() else None


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{birth_of(os.getpid()) or 0}"


def _renew(leases: LeaseBook, lease: LeaseRow, stop: threading.Event) -> None:
    while not stop.wait(_RENEW_EVERY_SECONDS):
        with suppress(GatekeeperError):
            leases.renew(lease.place, lease.epoch, leases.now() + LASTS)
