"""Who may act on a place: one row a place, whose epoch only ever rises."""

from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from gatekeeper.model.lease import NOBODY, LeaseRow
from gatekeeper.store import tables

_leases = tables.leases


class Leases:
    """The leases of all places; taking one over is a decision of `gatekeeper.release.lease`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self) -> datetime:
        """This machine's clock: SQLite has no other."""
        return datetime.now(UTC)

    def read(self, place: str) -> LeaseRow | None:
        """The lease of a place, or None where nobody has acted on it yet."""
        with self._engine.begin() as connection:
            row = connection.execute(select(_leases).where(_leases.c.place == place)).mappings().first()
        return LeaseRow(**row) if row else None

    def take(self, seen: LeaseRow | None, wanted: LeaseRow) -> bool:
        """Take it with the next epoch if it still stands as it was seen; says whether that worked."""
        if seen is None:
            return self._first(wanted)
        with self._engine.begin() as connection:
            still = (_leases.c.place == wanted.place) & (_leases.c.epoch == seen.epoch)
            still &= _leases.c.expires == seen.expires
            return connection.execute(update(_leases).where(still).values(_row(wanted))).rowcount == 1

    def _first(self, wanted: LeaseRow) -> bool:
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_leases).values(_row(wanted)))
        except IntegrityError:
            return False
        return True

    def renew(self, place: str, epoch: int, expires: datetime) -> bool:
        """Hold it longer; False where somebody else has taken it over."""
        return self._change(place, epoch, expires=expires)

    def give_back(self, place: str, epoch: int) -> None:
        """Nobody acts any more; the epoch stays, so that it keeps rising."""
        self._change(place, epoch, holder=NOBODY)

    def _change(self, place: str, epoch: int, **values: object) -> bool:
        mine = (_leases.c.place == place) & (_leases.c.epoch == epoch)
        with self._engine.begin() as connection:
            return connection.execute(update(_leases).where(mine).values(**values)).rowcount == 1


def _row(lease: LeaseRow) -> dict[str, object]:
    return {name: getattr(lease, name) for name in ("place", "epoch", "release", "holder", "expires")}
