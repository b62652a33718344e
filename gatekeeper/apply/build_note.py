"""What was there before a statement with CONCURRENTLY began, noted in the target database: what it left is ours alone.

Such a statement works in several transactions. One that fails leaves an invalid index, which costs every write and
which IF NOT EXISTS takes for the real one, or a partition that is half detached (PostgreSQL 18, CREATE INDEX, Building
Indexes Concurrently; ALTER TABLE, DETACH PARTITION).
"""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from gatekeeper.errors import GatekeeperError
from migrations_lint.parse.concurrent import Concurrency, Concurrent

_TABLE = """
CREATE TABLE IF NOT EXISTS gatekeeper_builds
    (digest text PRIMARY KEY, was_there boolean NOT NULL, indexes oid[] NOT NULL,
     begun timestamptz NOT NULL DEFAULT clock_timestamp())
"""
# Those on the tables that the statement is about, their TOAST tables included.
_INDEXES = """
SELECT i.indexrelid, n.nspname, c.relname, i.indisvalid
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_class o ON o.reltoastrelid = t.oid
  JOIN pg_namespace s ON s.oid = coalesce(o.relnamespace, t.relnamespace)
 WHERE CASE %(scope)s
       WHEN 'TABLE' THEN coalesce(o.oid, t.oid) = to_regclass(%(within)s)
       WHEN 'INDEX' THEN coalesce(o.oid, t.oid) =
                         (SELECT x.indrelid FROM pg_index x WHERE x.indexrelid = to_regclass(%(within)s))
       WHEN 'SCHEMA' THEN s.nspname = %(within)s
       ELSE true END
   AND c.relkind = 'i'
 ORDER BY i.indexrelid
"""
_IS_BUILT = "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = %s)"
_IS_PARTITION = """
SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(%(name)s) AND inhparent = to_regclass(%(within)s))
"""
_IS_PENDING = """
SELECT EXISTS (SELECT FROM pg_inherits
                WHERE inhrelid = to_regclass(%(name)s) AND inhparent = to_regclass(%(within)s) AND inhdetachpending)
"""
_SUFFIXES = ("_ccnew", "_ccold")


class InvalidIndexInTheWay(GatekeeperError):
    """An invalid index bears the name, and nothing says that we made it."""

    exit_code = 1

    def __init__(self, where: str, index: "Index") -> None:
        self.index = index
        super().__init__(
            f"{where}: the index {index} exists and is invalid, so that no query uses it",
            seen=["nothing says that this migration made it, so it was left alone"],
            next_step=f"Look who is building it; if nobody is, DROP INDEX CONCURRENTLY {index} and run again.",
        )


@dataclass(frozen=True, slots=True)
class Index:
    """An index as the catalog has it."""

    oid: int
    schema: str
    name: str
    is_valid: bool

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """Its name for a statement."""
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class BuildNote:
    """What there was when the statement was begun for the first time: its object, and the indexes of its tables."""

    digest: str
    was_there: bool
    indexes: frozenset[int]
    is_new: bool


def begin(connection: Connection[Any], digest: str, work: Concurrent) -> BuildNote:
    """The note of a statement: an earlier try's where there is one, else a new one of what is there now."""
    connection.execute(_TABLE)
    row = connection.execute("SELECT was_there, indexes FROM gatekeeper_builds WHERE digest = %s", (digest,)).fetchone()
    if row is not None:
        return BuildNote(digest, row[0], frozenset(row[1]), is_new=False)
    there, indexes = _is_there(connection, work), [index.oid for index in _indexes(connection, work)]
    connection.execute(
        "INSERT INTO gatekeeper_builds (digest, was_there, indexes) VALUES (%s, %s, %s::oid[])",
        (digest, there, indexes),
    )
    return BuildNote(digest, there, frozenset(indexes), is_new=True)


def end(connection: Connection[Any], note: BuildNote) -> None:
    """The statement is done; called in the transaction that notes its migration."""
    connection.execute("DELETE FROM gatekeeper_builds WHERE digest = %s", (note.digest,))


def is_done(connection: Connection[Any], work: Concurrent, note: BuildNote) -> bool:
    """Whether an earlier try has come to its end without our hearing of it."""
    if note.is_new or work.what is Concurrency.REINDEX:
        return False
    if work.what is Concurrency.CREATE:
        return any(index.is_valid for index in _made(connection, work, note))
    return note.was_there and not _is_there(connection, work)


def left_behind(connection: Connection[Any], work: Concurrent, note: BuildNote) -> tuple[Index, ...]:
    """The invalid indexes that tries of ours have left, of which nobody is building any now."""
    return tuple(
        index
        for index in _made(connection, work, note)
        if not index.is_valid and not _answer(connection, _IS_BUILT, index.oid)
    )


def invalid_in_the_way(connection: Connection[Any], work: Concurrent, note: BuildNote) -> Index | None:
    """An invalid index of the wanted name that was there before us."""
    if work.what is not Concurrency.CREATE:
        return None
    found = (index for index in _indexes(connection, work) if index.name == work.name and not index.is_valid)
    return next((index for index in found if index.oid in note.indexes), None)


def is_half_detached(connection: Connection[Any], work: Concurrent, note: BuildNote) -> bool:
    """Whether a try of ours has begun to detach the partition and not ended it."""
    if note.is_new or work.what is not Concurrency.DETACH:
        return False
    return _answer(connection, _IS_PENDING, {"name": work.name, "within": work.within})


def _made(connection: Connection[Any], work: Concurrent, note: BuildNote) -> list[Index]:
    """The indexes that are new and named as the statement names what it makes."""
    new = [index for index in _indexes(connection, work) if index.oid not in note.indexes]
    if work.what is Concurrency.REINDEX:
        return [index for index in new if index.name.rstrip("0123456789").endswith(_SUFFIXES)]
    return [index for index in new if work.what is Concurrency.CREATE and work.name in {"", index.name}]


def _indexes(connection: Connection[Any], work: Concurrent) -> list[Index]:
    if work.what in {Concurrency.DROP, Concurrency.DETACH}:
        return []
    rows = connection.execute(_INDEXES.encode(), {"scope": work.scope, "within": work.within})
    return [Index(*row) for row in rows]


def _is_there(connection: Connection[Any], work: Concurrent) -> bool:
    if work.what is Concurrency.DETACH:
        return _answer(connection, _IS_PARTITION, {"name": work.name, "within": work.within})
    if work.what is Concurrency.DROP:
        return _answer(connection, "SELECT to_regclass(%s) IS NOT NULL", work.within)
    return False


def _answer(connection: Connection[Any], question: str, value: object) -> bool:
    row = connection.execute(question.encode(), value if isinstance(value, dict) else (value,)).fetchone()
    return bool(row and row[0])
