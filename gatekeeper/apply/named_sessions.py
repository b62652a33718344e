"""Watches the sessions that bear a name: who waits for them, who stands in their way, and how long each has waited.

The watchdog of a tool that opens its own sessions. Where anyone has waited for the whole budget, the session of ours
that they wait for is cancelled; one that only holds its locks, idle in its transaction, is ended. Nobody else's is.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from gatekeeper.apply.blockers import blockers_of
from gatekeeper.model.applied import Stall
from gatekeeper.model.blocker import Blocker

_LOOK_EVERY_SECONDS = 0.02
_FIRST_LOOKS_EVERY_SECONDS = 0.005  # a tool with nothing to do is gone after a few milliseconds
_LOOKS_AHEAD = 2  # a wait has begun up to a look before we saw it, and would outlast the budget before the next
_NEARLY = 0.8  # of the budget: our looks and the server's clock do not fall together

_OURS = """
    SELECT pid, coalesce(state, '') AS state, coalesce(wait_event_type = 'Lock', false) AS waits,
           coalesce(query, '') AS query
      FROM pg_stat_activity
     WHERE application_name = %(name)s AND backend_type = 'client backend'
"""
# Left out is who holds up nobody by waiting: another tool's advisory lock, a concurrent build that waits for
# transactions, and requests for SHARE UPDATE EXCLUSIVE (VACUUM, ANALYZE, builds), behind which reads and writes pass.
_WAITERS = """
    SELECT a.pid, b.pid
      FROM pg_stat_activity a CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b(pid)
     WHERE a.wait_event_type = 'Lock' AND a.wait_event NOT IN ('advisory', 'virtualxid')
       AND b.pid = ANY (%(ours)s) AND NOT a.pid = ANY (%(ours)s)
       AND NOT EXISTS (SELECT FROM pg_locks l
                        WHERE l.pid = a.pid AND NOT l.granted AND l.mode = 'ShareUpdateExclusiveLock')
"""
_CANCEL = """
    SELECT CASE state WHEN 'active' THEN pg_cancel_backend(pid) ELSE pg_terminate_backend(pid) END
      FROM pg_stat_activity WHERE pid = %(pid)s AND application_name = %(name)s
"""


@dataclass(frozen=True, slots=True)
class NamedSession:
    """A session of ours at one look."""

    pid: int
    state: str
    waits: bool
    query: str


class NamedSessions:
    """Use as a context around the command that opens them; afterwards its attributes say what was seen.

    `cancelled` is how often one of ours was stopped; `longest_wait` is how long, in seconds, one of ours has waited for
    a lock at a stretch; `builds` are the statements seen that build or drop CONCURRENTLY. One of ours that waits for
    longer than `patience`, in seconds, is stopped too. `also` looks on from the same connection.
    """

    def __init__(
        self,
        watcher: Connection[Any],
        name: str,
        budget_seconds: float,
        *,
        patience: float | None = None,
        also: Callable[[Connection[Any]], None] | None = None,
    ) -> None:
        self._watcher, self._name, self._budget, self._patience, self._also = (
            watcher, name, budget_seconds, patience, also,
        )  # fmt: skip
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._since: dict[tuple[int, int], float] = {}
        self._waits_since: dict[int, float] = {}
        self._stalled: set[int] = set()
        self.pids: set[int] = set()
        self.stall = Stall()
        self.blockers: tuple[Blocker, ...] = ()
        self.builds: set[str] = set()
        self.cancelled = 0
        self.longest_wait = 0.0
        self.lost: psycopg.Error | None = None

    def __enter__(self) -> "NamedSessions":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def gave_way(self) -> bool:
        """Whether one of ours was stopped by us, or has waited until its lock_timeout."""
        return self.cancelled > 0 or self.longest_wait >= _NEARLY * self._budget

    def _watch(self) -> None:
        try:
            while not self._stop.wait(_LOOK_EVERY_SECONDS if self.pids else _FIRST_LOOKS_EVERY_SECONDS):
                self._look(time.monotonic())
        except psycopg.Error as error:  # without eyes there is no guard: who runs the tool has to know
            self.lost = error

    def _look(self, now: float) -> None:
        ours = self._ours()
        pids = [one.pid for one in ours]
        self.pids |= set(pids)
        self.builds |= {one.query for one in ours if "concurrently" in one.query.lower()}
        waiting = {(row[0], row[1]) for row in self._watcher.execute(_WAITERS, {"ours": pids})} if pids else set()
        self._since = {pair: self._since.get(pair, now) for pair in waiting}
        self._stalled |= {waiter for waiter, _ in waiting}
        worst = max((now - since for since in self._since.values()), default=0.0)
        self.stall = Stall(len(self._stalled), max(self.stall.worst_seconds, worst))
        self._note_waits_of_ours(ours, now)
        soon = max(self._budget - _LOOKS_AHEAD * _LOOK_EVERY_SECONDS, self._budget / 2)
        self._stop_those(pid for (_, pid), since in self._since.items() if now - since >= soon)
        if self._patience is not None:
            self._stop_those(pid for pid, since in self._waits_since.items() if now - since >= self._patience)
        if self._also is not None:
            self._also(self._watcher)

    def _ours(self) -> list[NamedSession]:
        with self._watcher.cursor(row_factory=class_row(NamedSession)) as cursor:
            return cursor.execute(_OURS, {"name": self._name}).fetchall()

    def _note_waits_of_ours(self, ours: list[NamedSession], now: float) -> None:
        waiting = [one.pid for one in ours if one.waits]
        self._waits_since = {pid: self._waits_since.get(pid, now) for pid in waiting}
        for pid, since in self._waits_since.items():
            self.longest_wait = max(self.longest_wait, now - since)
            self.blockers = blockers_of(self._watcher, pid) or self.blockers

    def _stop_those(self, pids: Iterable[int]) -> None:
        for pid in set(pids):
            row = self._watcher.execute(_CANCEL, {"pid": pid, "name": self._name}).fetchone()
            self.cancelled += bool(row and row[0])
