"""One try of a statement with CONCURRENTLY: what an earlier one left is cleared away first, what came of it is read.

It waits for others' transactions without blocking anyone, so it has no lock_timeout, which would count each of its
waits and leave an invalid index behind; how long it may wait, and whom it may keep waiting, is watched from outside.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.rows import class_row

from gatekeeper.apply import build_note
from gatekeeper.apply.build_note import BuildNote, Index, InvalidIndexInTheWay
from gatekeeper.apply.build_progress import BuildProgress, told
from migrations_lint.parse.concurrent import Concurrent

_TELL_EVERY_SECONDS = 1.0
_GIVING_UP_SECONDS = 2.0
_PROGRESS = """
SELECT phase, lockers_total, lockers_done, blocks_total, blocks_done, tuples_total, tuples_done
  FROM pg_stat_progress_create_index WHERE pid = %s
"""


@dataclass
class Building:
    """A statement and the note of what was there before it."""

    work: Concurrent
    statement: str
    where: str
    note: BuildNote

    def run(self, connection: Connection[Any]) -> None:
        """Run it, or what is left of it; nothing where an earlier try has ended it.

        Raises InvalidIndexInTheWay, and whatever the server refuses.
        """
        in_the_way = build_note.invalid_in_the_way(connection, self.work, self.note)
        if in_the_way is not None:
            raise InvalidIndexInTheWay(self.where, in_the_way)
        self.clear(connection)
        if build_note.is_half_detached(connection, self.work, self.note):
            connection.execute(f"ALTER TABLE {self.work.within} DETACH PARTITION {self.work.name} FINALIZE".encode())
        elif not build_note.is_done(connection, self.work, self.note):
            connection.execute(self.statement.encode())
        for index in build_note.left_behind(connection, self.work, self.note):
            raise InvalidIndexInTheWay(self.where, index)

    def clear(self, connection: Connection[Any]) -> None:
        """Drop the invalid indexes that tries of ours have left."""
        for index in build_note.left_behind(connection, self.work, self.note):
            _drop(connection, index)

    def clear_if_quick(self, connection: Connection[Any]) -> tuple[Index, ...]:
        """The same when we give up, as long as nobody has to be waited for; what stays until the next run."""
        connection.execute(f"SET lock_timeout = '{_GIVING_UP_SECONDS:g}s'".encode())
        for index in build_note.left_behind(connection, self.work, self.note):
            try:
                _drop(connection, index)
            except psycopg.Error:
                break
        connection.execute("SET lock_timeout = 0")
        return build_note.left_behind(connection, self.work, self.note)


def building(connection: Connection[Any], digest: str, work: Concurrent, statement: str, where: str) -> Building:
    """The statement with its note, which is made where there is none."""
    return Building(work, statement, where, build_note.begin(connection, digest, work))


def _drop(connection: Connection[Any], index: Index) -> None:
    connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(index.identifier))


@dataclass
class Teller:
    """Tells how far the build of a session is, now and then."""

    pid: int
    tell: Callable[[str], None]
    _next: float = field(default_factory=lambda: time.monotonic() + _TELL_EVERY_SECONDS)
    _before: float = field(default_factory=time.monotonic)
    _worked: float = 0.0

    def look(self, watcher: Connection[Any]) -> None:
        """Look, and tell where it is time to."""
        with watcher.cursor(row_factory=class_row(BuildProgress)) as cursor:
            progress = cursor.execute(_PROGRESS, (self.pid,)).fetchone()
        now = time.monotonic()
        if progress is not None:
            self._worked += 0.0 if progress.is_waiting else now - self._before
            if now >= self._next:
                self._next = now + _TELL_EVERY_SECONDS
                self.tell(told(progress, self._worked))
        self._before = now
