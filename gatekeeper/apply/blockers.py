"""Who stands between us and a lock, in PostgreSQL's own words, the literals of their queries left out."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session in our way; `since` is how long it has been in its state."""

    pid: int
    application: str
    state: str
    since: timedelta
    query: str

    def __str__(self) -> str:
        seconds = self.since.total_seconds()
        return f"pid {self.pid} ({self.application or 'no name'}, {self.state} for {seconds:.1f} s): {self.statement}"

    @property
    def statement(self) -> str:
        """The query without literals, which may be anybody's data."""
        return _LITERAL.sub("?", self.query)


# pg_blocking_pids also names sessions queued ahead of us, not only holders of the lock.
_BLOCKERS_OF = """
    SELECT pid, coalesce(application_name, '') AS application, coalesce(state, 'not shown to this role') AS state,
           coalesce(clock_timestamp() - state_change, interval '0') AS since, left(coalesce(query, ''), 120) AS query
      FROM pg_stat_activity
     WHERE pid = ANY (pg_blocking_pids(%(pid)s))
     ORDER BY xact_start
"""
_WAITING_FOR = "SELECT pid FROM pg_stat_activity WHERE %(pid)s = ANY (pg_blocking_pids(pid))"


def blockers_of(watcher: Connection[Any], pid: int) -> tuple[Blocker, ...]:
    """Ask from a second connection: the one that waits cannot answer."""
    with watcher.cursor(row_factory=class_row(Blocker)) as cursor:
        return tuple(cursor.execute(_BLOCKERS_OF, {"pid": pid}).fetchall())


def waiting_for(watcher: Connection[Any], pid: int) -> frozenset[int]:
    """The sessions that wait for a lock that this one holds, or stands before in the queue."""
    return frozenset(row[0] for row in watcher.execute(_WAITING_FOR, {"pid": pid}))
