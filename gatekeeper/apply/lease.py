"""Leases in the target database itself: whatever store a runner has, all of them meet here.

The table has a unique key over place and epoch. So taking a lease over locks its row FOR UPDATE, which waits for every
transaction that has asserted its epoch (FOR KEY SHARE), while renewing one waits for nobody (PostgreSQL 18, "Explicit
Locking", row-level locks).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.apply.session import direct
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.lease import NOBODY, Fence, LeaseRow

TABLE = "gatekeeper_leases"
_SESSION = "gatekeeper lease"
_WAITS_FOR_AN_EFFECT = "5s"
_IS_THERE = f"SELECT to_regclass('{TABLE}') IS NOT NULL"
_MAKE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (place text PRIMARY KEY, epoch bigint NOT NULL, release text NOT NULL,
    holder text NOT NULL, expires timestamptz NOT NULL, UNIQUE (place, epoch))
"""
_READ = f"SELECT place, epoch, release, holder, expires FROM {TABLE} WHERE place = %s"
_FIRST = f"""
INSERT INTO {TABLE} (place, epoch, release, holder, expires) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_TAKE = f"""
UPDATE {TABLE} SET epoch = %s, release = %s, holder = %s, expires = %s
 WHERE place = %s AND epoch = %s AND holder = %s AND expires = %s
"""
ASSERT = f"""
SELECT 1 / (SELECT count(*) FROM (SELECT FROM {TABLE} WHERE place = %s AND epoch = %s FOR KEY SHARE) AS held)
"""
"""Fails with a division by zero (22012) where the epoch is not the place's any more; the transaction then ends."""
LOST = "22012"


class LeaseTakenOver(GatekeeperError):
    """Another process acts on the place; what was under way here was not applied."""

    def __init__(self, fence: Fence) -> None:
        super().__init__(
            f"another process acts on {fence.place} now; this one has changed nothing since",
            next_step="Nothing is to be done here; `gatekeeper release status` follows the other one.",
        )


class TargetLeases:
    """The leases that a target database keeps. Every call is a session of its own, for none is needed in between.

    Raises DatabaseUnreachable and BehindPooler.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def now(self) -> datetime:
        """The server's clock."""
        with self._session() as connection:
            row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        at: datetime = row[0]
        return at

    def read(self, place: str) -> LeaseRow | None:
        """The lease of a place, or None where nobody has acted on it yet."""
        with self._session() as connection:
            if not _value(connection, _IS_THERE):
                return None
            row = connection.execute(_READ, (place,)).fetchone()
        return LeaseRow(*row) if row else None

    def take(self, seen: LeaseRow | None, wanted: LeaseRow) -> bool:
        """Take it if it stands as it was seen and no effect of the one before is under way."""
        with self._session() as connection:
            if seen is None:
                if not _value(connection, _IS_THERE):
                    _make(connection)
                values = (wanted.place, wanted.epoch, wanted.release, wanted.holder, wanted.expires)
                return connection.execute(_FIRST, values).rowcount == 1
            new = (wanted.epoch, wanted.release, wanted.holder, wanted.expires)
            old = (seen.place, seen.epoch, seen.holder, seen.expires)
            try:
                return connection.execute(_TAKE, new + old).rowcount == 1
            except psycopg.errors.LockNotAvailable:
                return False

    def renew(self, place: str, epoch: int, expires: datetime) -> bool:
        """Hold it longer; False where somebody else has taken it over."""
        return self._change("expires = %s", expires, place, epoch)

    def give_back(self, place: str, epoch: int) -> None:
        """Nobody acts any more; the epoch stays."""
        self._change("holder = %s", NOBODY, place, epoch)

    def check(self, fence: Fence) -> None:
        """Right before an effect that has no transaction here, such as a deploy; raises LeaseTakenOver."""
        with self._session() as connection:
            check_held(connection, fence)

    def _change(self, assignment: str, value: object, place: str, epoch: int) -> bool:
        with self._session() as connection:
            statement = f"UPDATE {TABLE} SET {assignment} WHERE place = %s AND epoch = %s".encode()
            return connection.execute(statement, (value, place, epoch)).rowcount == 1

    @contextmanager
    def _session(self) -> Iterator[Connection[Any]]:
        with direct(self._url, _SESSION) as connection:
            connection.execute("SELECT set_config('lock_timeout', %s, false)", (_WAITS_FOR_AN_EFFECT,))
            yield connection


def assert_held(connection: Connection[Any], fence: Fence) -> None:
    """Within an effect's transaction, first of all: nobody takes the place over until it ends. Fails with LOST."""
    connection.execute(ASSERT.encode(), (fence.place, fence.epoch))


def check_held(connection: Connection[Any], fence: Fence | None) -> None:
    """Outside a transaction, right before an effect that cannot have one; raises LeaseTakenOver."""
    if fence is None:
        return
    try:
        assert_held(connection, fence)
    except (psycopg.errors.DivisionByZero, psycopg.errors.UndefinedTable) as error:
        raise LeaseTakenOver(fence) from error


def _make(connection: Connection[Any]) -> None:
    """Two runners may make it at once: IF NOT EXISTS does not look at what another transaction is about to make."""
    with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
        connection.execute(_MAKE)


def _value(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
