"""Watches one try from a second connection: who waits for us, for how long, and ends the try when it is too long."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.apply.blockers import Blocker, blockers_of

_PERIOD_SECONDS = 0.02

_WAITING_FOR_US = """
    SELECT l.pid, coalesce(l.waitstart, a.query_start, clock_timestamp()) AS since,
           clock_timestamp() - coalesce(l.waitstart, a.query_start, clock_timestamp()) AS waited
      FROM pg_locks l
      LEFT JOIN pg_stat_activity a USING (pid)
     WHERE NOT l.granted AND l.pid <> %(pid)s AND %(pid)s = ANY (pg_blocking_pids(l.pid))
"""
_BEFORE_14 = _WAITING_FOR_US.replace("l.waitstart, ", "")
_CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %(pid)s AND state = 'active'"


@dataclass(frozen=True, slots=True)
class Stall:
    """What tries really cost others: how many of their requests waited for us, and the longest wait."""

    requests: int = 0
    worst: timedelta = timedelta()

    def plus(self, other: "Stall") -> "Stall":
        """Both together."""
        return Stall(self.requests + other.requests, max(self.worst, other.worst))


class Watchdog:
    """Watches the session `pid` while the block runs; it has ended when the block has.

    It ends the session's statement as soon as somebody has waited for it longer than `max_stall`, or when
    `is_too_late` says so.
    """

    def __init__(
        self, watcher: Connection[Any], pid: int, max_stall: timedelta, is_too_late: Callable[[], bool] = lambda: False
    ) -> None:
        self._watcher, self._pid, self._max_stall, self._is_too_late = watcher, pid, max_stall, is_too_late
        self._waits: dict[tuple[int, Any], timedelta] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.blockers: tuple[Blocker, ...] = ()
        self.has_cancelled = False
        self.was_waiting = False

    @property
    def stall(self) -> Stall:
        """What was seen so far."""
        return Stall(len(self._waits), max(self._waits.values(), default=timedelta()))

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._done.is_set():
                self._look()
                self._done.wait(_PERIOD_SECONDS)
        except psycopg.OperationalError:
            return  # lock_timeout, the first belt, still holds

    def _look(self) -> None:
        query = _WAITING_FOR_US if self._watcher.info.server_version >= 140000 else _BEFORE_14
        for pid, since, waited in self._watcher.execute(query, {"pid": self._pid}):
            self._waits[pid, since] = waited
        blockers = tuple(blockers_of(self._watcher, self._pid))
        self.was_waiting = bool(blockers)
        if blockers:
            self.blockers = blockers
        if not self._done.is_set() and (self._is_too_late() or self.stall.worst >= self._max_stall):
            self._watcher.execute(_CANCEL, {"pid": self._pid})
            self.has_cancelled = True
