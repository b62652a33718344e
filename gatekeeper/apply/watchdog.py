"""Watches a try from a second connection: who waits for us, since when, and who is in our way.

It cancels our own try before anyone has waited for longer than the budget, which `lock_timeout` alone does not see: a
lock taken earlier in the same transaction is held while the next is waited for, or while a statement works. It never
touches anyone else.
"""

import threading
import time
from types import TracebackType
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.apply.blockers import blockers_of
from gatekeeper.model.applied import Stall
from gatekeeper.model.blocker import Blocker

_LOOK_EVERY_SECONDS = 0.02
_LOOKS_IN_A_BUDGET = 5

# waitstart is there from PostgreSQL 14 on, and for a moment after a wait has begun it is not.
_WAITING = """
SELECT w.pid, coalesce(to_jsonb(w) ->> 'waitstart', '') AS since,
       coalesce(extract(epoch FROM clock_timestamp() - (to_jsonb(w) ->> 'waitstart')::timestamptz), 0)::float8,
       (SELECT xact_start FROM pg_stat_activity WHERE pid = %(pid)s)
  FROM pg_locks w
 WHERE NOT w.granted AND w.pid <> %(pid)s AND %(pid)s = ANY (pg_blocking_pids(w.pid))
"""
_WE_WAIT = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %(pid)s AND NOT granted)"

# A cancel that comes late would hit the next transaction; so only if it is still the one that was seen in the way.
_CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %(pid)s AND xact_start = %(begun)s"


class Watchdog:
    """Use as a context around one try; afterwards `stall`, `blockers` and `cancelled` say what was seen and done."""

    def __init__(self, watcher: Connection[Any], pid: int, budget_seconds: float) -> None:
        self._watcher, self._pid, self._budget = watcher, pid, budget_seconds
        self._every = min(_LOOK_EVERY_SECONDS, budget_seconds / _LOOKS_IN_A_BUDGET)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._first_seen: dict[tuple[int, str], float] = {}
        self._waits: dict[tuple[int, str], float] = {}
        self.stall = Stall()
        self.blockers: tuple[Blocker, ...] = ()
        self.cancelled = False
        self.lost: psycopg.Error | None = None

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._stop.wait(self._every) and not self.cancelled:
                self._look()
        except psycopg.Error as error:  # the connection is gone; lock_timeout still bounds the try
            self.lost = error

    def _look(self) -> None:
        now, begun, waiting = time.monotonic(), None, {}
        for pid, since, seconds, xact_start in self._watcher.execute(_WAITING, {"pid": self._pid}).fetchall():
            first = self._first_seen.get((pid, since), now)
            waiting[pid, since], begun = first, xact_start
            self._waits[pid, since] = max(seconds, now - first)
        self._first_seen = waiting
        worst = max((self._waits[wait] for wait in waiting), default=0.0)
        self.stall = Stall(len(self._waits), max(self._waits.values(), default=0.0))
        if _asks(self._watcher, _WE_WAIT, {"pid": self._pid}):
            self.blockers = blockers_of(self._watcher, self._pid) or self.blockers
        if worst + self._every >= self._budget and not self._stop.is_set():
            self.cancelled = _asks(self._watcher, _CANCEL, {"pid": self._pid, "begun": begun})


def _asks(watcher: Connection[Any], query: str, values: dict[str, object]) -> bool:
    row = watcher.execute(query.encode(), values).fetchone()
    return bool(row and row[0])
