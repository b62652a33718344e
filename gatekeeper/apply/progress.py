"""How far a migration of several transactions has come, so that a run that failed goes on where it failed.

The tools' own tables know whole migrations only. Each part is noted in its own transaction, with the digest of its
statements; the notes go when the whole is in place. The table is made for the first migration that needs it.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from gatekeeper.apply.statements import Batch
from gatekeeper.errors import GatekeeperError
from migrations_lint.model import Migration

_TABLE = """
CREATE TABLE IF NOT EXISTS gatekeeper_progress
    (migration text NOT NULL, part integer NOT NULL, digest text NOT NULL,
     at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (migration, part))
"""


class ChangedHalfway(GatekeeperError):
    """A part of the migration is in place, and the file says something else now."""

    exit_code = 1

    def __init__(self, migration: Migration, part: int) -> None:
        super().__init__(
            f"{migration.path}: the first {part} of its parts are in place, and part {part} has another text now",
            next_step="Put back the text with which it was begun, let the rest run, and write a new migration.",
        )


def prepare(connection: Connection[Any]) -> None:
    """Make the table where the database has none."""
    connection.execute(_TABLE)


def parts_in_place(connection: Connection[Any], migration: Migration, batches: Sequence[Batch]) -> int:
    """How many parts of a migration are in place; raises ChangedHalfway where their text is another now."""
    if len(batches) < 2 or _answer(connection, "SELECT to_regclass('gatekeeper_progress') IS NULL"):
        return 0
    rows = connection.execute(
        "SELECT part, digest FROM gatekeeper_progress WHERE migration = %s ORDER BY part", (_key(migration),)
    ).fetchall()
    for part, digest in rows:
        if part > len(batches) or batches[part - 1].digest != digest:
            raise ChangedHalfway(migration, part)
    return len(rows)


def is_recorded(connection: Connection[Any], migration: Migration, part: int) -> bool:
    """Whether a part, counted from 1, is in place."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM gatekeeper_progress WHERE migration = %s AND part = %s)", (_key(migration), part)
    ).fetchone()
    return bool(row and row[0])


def record(connection: Connection[Any], migration: Migration, part: int, batch: Batch) -> None:
    """Note that a part, counted from 1, is in place."""
    connection.execute(
        "INSERT INTO gatekeeper_progress (migration, part, digest) VALUES (%s, %s, %s)",
        (_key(migration), part, batch.digest),
    )


def forget(connection: Connection[Any], migration: Migration) -> None:
    """The whole migration is in place."""
    connection.execute("DELETE FROM gatekeeper_progress WHERE migration = %s", (_key(migration),))


def _key(migration: Migration) -> str:
    return f"{migration.tool} {migration.id}"


def _answer(connection: Connection[Any], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return bool(row and row[0])
