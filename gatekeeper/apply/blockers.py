"""Who stands between us and a lock, in PostgreSQL's own words; never with a value out of a query."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from gatekeeper.errors import GatekeeperError

_LITERALS = re.compile(
    r"(?P<quoted>'(?:[^'\\]|\\.|'')*(?:'|\Z))|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)|\b\d+(?:\.\d+)?\b", re.DOTALL
)
_SHOWN_OF_A_QUERY = 100


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that holds, or waits in front of us for, the lock that we want.

    `transaction` is its virtual id, which anybody may see; a prepared transaction has none and pid 0. `since` is the
    age of its transaction, None where our role may not see it.
    """

    pid: int
    application: str
    state: str
    since: timedelta | None
    query: str
    transaction: str | None

    def __str__(self) -> str:
        if self.pid == 0:
            return "a prepared transaction (pg_prepared_xacts names it)"
        age = "for an unknown time" if self.since is None else f"for {self.since.total_seconds():.0f} s"
        return f"pid {self.pid} ({self.application or 'unnamed'}, {self.state}, in its transaction {age}): " + (
            _without_literals(self.query)
        )

    def is_older_than(self, span: timedelta) -> bool:
        """Whether waiting for it is no ordinary wait; what cannot be seen counts as old."""
        return self.since is None or self.since > span


class LockNotAcquired(GatekeeperError):
    """The migration gave way to other sessions every time, as it should, and never ran."""

    exit_code = 4

    def __init__(self, migration: str, attempts: int, blockers: Sequence[Blocker], *, kept: str) -> None:
        self.migration, self.attempts, self.blockers = migration, attempts, tuple(blockers)
        super().__init__(
            f"migration {migration} could not get its locks in {attempts} attempts; nothing of it was changed",
            seen=[*(str(blocker) for blocker in blockers), kept],
            next_step="End those sessions or pick a quieter time, then run the same command again.",
        )


# pg_blocking_pids also names sessions queued ahead of us, not only holders of the lock; a prepared transaction is 0.
_BLOCKERS_OF = """
    SELECT blocker.pid, coalesce(a.application_name, '') AS application, coalesce(a.state, 'unknown') AS state,
           clock_timestamp() - a.xact_start AS since, coalesce(a.query, '') AS query,
           (SELECT min(l.virtualtransaction) FROM pg_locks l
             WHERE l.pid = blocker.pid AND l.locktype = 'virtualxid' AND l.granted) AS transaction
      FROM (SELECT DISTINCT unnest(pg_blocking_pids(%(pid)s)) AS pid) AS blocker
      LEFT JOIN pg_stat_activity a ON a.pid = blocker.pid
     ORDER BY a.xact_start NULLS FIRST
"""
_STILL_THERE = """
    SELECT count(*) FROM pg_locks
     WHERE locktype = 'virtualxid' AND granted AND virtualtransaction = ANY (%(transactions)s)
"""


def blockers_of(watcher: Connection[Any], pid: int) -> list[Blocker]:
    """Ask from a second connection: the one that waits cannot answer."""
    with watcher.cursor(row_factory=class_row(Blocker)) as cursor:
        return cursor.execute(_BLOCKERS_OF, {"pid": pid}).fetchall()


def are_still_there(watcher: Connection[Any], blockers: Sequence[Blocker]) -> bool:
    """Whether one of these transactions has not ended yet."""
    transactions = [blocker.transaction for blocker in blockers if blocker.transaction]
    if not transactions:
        return False
    row = watcher.execute(_STILL_THERE, {"transactions": transactions}).fetchone()
    return row is not None and row[0] > 0


def _without_literals(query: str) -> str:
    return " ".join(_LITERALS.sub("?", query).split())[:_SHOWN_OF_A_QUERY]
