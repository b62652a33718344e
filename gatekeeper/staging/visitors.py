"""Visitors of a table, while a migration runs: each reads or writes a row every few milliseconds, and notes its waits.

Open loop: a visit counts from when it was due, not from when the last one was over, as a person's does.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.staging.sample_rows import Name
from gatekeeper.staging.server import StagingServer

_EVERY_SECONDS = 0.01
_CALM_SECONDS = 0.3
_AFTER_SECONDS = 0.1
_MOST_WAITING_SECONDS = 60

# A column that is written to itself; what the row holds stays as it is.
_COLUMN = """
    SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """When it was due and when it was over, by the monotonic clock; `failed` is what the server said against it."""

    due: float
    over: float
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """One who reads or writes one table."""

    table: Name
    writes: bool
    statement: sql.Composed
    visits: list[Visit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Watch:
    """What the visitors saw; `began` and `ended` are when the migration ran."""

    visitors: tuple[Visitor, ...]
    times: dict[str, float] = field(default_factory=dict)

    def longest(self, visitor: Visitor, *, calm: bool) -> float:
        """The longest wait in seconds of a visit that met the migration, or of one before it."""
        waits = (one.over - one.due for one in visitor.visits if self._met(one) is not calm)
        return max(waits, default=0.0)

    def met(self, visitor: Visitor) -> Sequence[Visit]:
        """The visits that were due while the migration ran, or not yet over when it began."""
        return [one for one in visitor.visits if self._met(one)]

    def _met(self, visit: Visit) -> bool:
        return visit.over >= self.times["began"] and visit.due <= self.times["ended"]


def visitors_of(connection: Connection[Any], tables: Sequence[Name]) -> tuple[Visitor, ...]:
    """One who reads and one who writes for each table; a table without a row or column to write is only read."""
    found = []
    for table in tables:
        name = sql.Identifier(*table)
        found.append(Visitor(table, writes=False, statement=sql.SQL("SELECT * FROM {} LIMIT 1").format(name)))
        column = connection.execute(_COLUMN, [name.as_string(connection)]).fetchone()
        if column is not None:
            write = sql.SQL("UPDATE {0} SET {1} = {1} WHERE ctid = (SELECT ctid FROM {0} LIMIT 1)").format(
                name, sql.Identifier(column[0])
            )
            found.append(Visitor(table, writes=True, statement=write))
    return tuple(found)


@contextlib.contextmanager
def visiting(server: StagingServer, database: str, visitors: tuple[Visitor, ...]) -> Iterator[Watch]:
    """Let them come for a moment in peace, then while the block runs, then for a moment more."""
    watch, stop = Watch(visitors), threading.Event()
    threads = [threading.Thread(target=_visit, args=(server, database, one, stop), daemon=True) for one in visitors]
    for thread in threads:
        thread.start()
    try:
        time.sleep(_CALM_SECONDS)
        watch.times["began"] = time.monotonic()
        yield watch
    finally:
        watch.times["ended"] = time.monotonic()
        time.sleep(_AFTER_SECONDS)
        stop.set()
        for thread in threads:
            thread.join()


def _visit(server: StagingServer, database: str, visitor: Visitor, stop: threading.Event) -> None:
    with contextlib.closing(server.connect(database)) as connection:
        connection.prepare_threshold = None
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [f"{_MOST_WAITING_SECONDS}s"])
        due = time.monotonic()
        while not stop.is_set():
            failed = None
            try:
                connection.execute(visitor.statement)
            except psycopg.Error as error:
                failed = error.diag.message_primary or str(error).strip()
                if connection.closed:
                    return
            visitor.visits.append(Visit(due, time.monotonic(), failed))
            due += _EVERY_SECONDS
            stop.wait(max(due - time.monotonic(), 0.0))
