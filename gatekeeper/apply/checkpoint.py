"""How far a backfill has come: noted in the target database, in the transaction of each batch."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from gatekeeper.errors import GatekeeperError

_TABLE = """
CREATE TABLE IF NOT EXISTS gatekeeper_backfills
    (migration text NOT NULL, part integer NOT NULL, digest text NOT NULL, until text NOT NULL, done text,
     keys bigint NOT NULL DEFAULT 0, begun timestamptz NOT NULL DEFAULT clock_timestamp(),
     at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (migration, part))
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Up to which key a backfill is `done`, None at its beginning, and until which it goes; keys in PostgreSQL's text.

    `keys` is how many have been gone through.
    """

    migration: str
    part: int
    digest: str
    until: str
    done: str | None = None
    keys: int = 0


class BackfillChanged(GatekeeperError):
    """Batches of the backfill are in place, and the file says something else now."""

    exit_code = 1

    def __init__(self, found: Checkpoint) -> None:
        super().__init__(
            f"{found.migration}: a backfill is done up to the key {found.done}, and its statement is another one now",
            next_step="Put back the statement with which it was begun, or delete its row from gatekeeper_backfills to "
            "begin anew.",
        )


def checkpoint_of(connection: Connection[Any], migration: str, part: int, digest: str) -> Checkpoint | None:
    """Where an earlier run stopped, None where none began; raises BackfillChanged."""
    connection.execute(_TABLE)
    with connection.cursor(row_factory=class_row(Checkpoint)) as cursor:
        found = cursor.execute(
            "SELECT migration, part, digest, until, done, keys FROM gatekeeper_backfills "
            "WHERE migration = %s AND part = %s",
            (migration, part),
        ).fetchone()
    if found is not None and found.digest != digest:
        raise BackfillChanged(found)
    return found


def begin(connection: Connection[Any], first: Checkpoint) -> Checkpoint:
    """Note that a backfill begins, and how far it will go."""
    connection.execute(
        "INSERT INTO gatekeeper_backfills (migration, part, digest, until) VALUES (%s, %s, %s, %s)",
        (first.migration, first.part, first.digest, first.until),
    )
    return first


def advance(connection: Connection[Any], after: Checkpoint) -> None:
    """Note a batch, in its own transaction."""
    connection.execute(
        "UPDATE gatekeeper_backfills SET done = %s, keys = %s, at = clock_timestamp() "
        "WHERE migration = %s AND part = %s",
        (after.done, after.keys, after.migration, after.part),
    )


def is_at(connection: Connection[Any], after: Checkpoint) -> bool:
    """Whether that batch is in place."""
    row = connection.execute(
        "SELECT done IS NOT DISTINCT FROM %s FROM gatekeeper_backfills WHERE migration = %s AND part = %s",
        (after.done, after.migration, after.part),
    ).fetchone()
    return bool(row and row[0])


def end(connection: Connection[Any], last: Checkpoint) -> None:
    """Nothing is left to be done: the migration's own note takes its place."""
    connection.execute(
        "DELETE FROM gatekeeper_backfills WHERE migration = %s AND part = %s", (last.migration, last.part)
    )
