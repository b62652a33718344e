"""Watches a try from a second connection: who waits for us, for how long, and who is in our way.

It cancels our own try when anyone has waited for the whole budget, which `lock_timeout` alone does not see: a lock
taken earlier in the same transaction is held while the next is waited for. It never touches anyone else.
"""

import threading
import time
from types import TracebackType
from typing import Any

from psycopg import Connection

from gatekeeper.apply.blockers import Blocker, blockers_of, waiting_for
from gatekeeper.model.applied import Stall

_LOOK_EVERY_SECONDS = 0.02


class Watchdog:
    """Use as a context around one try; afterwards `stall` and `blockers` say what was seen."""

    def __init__(self, watcher: Connection[Any], pid: int, budget_seconds: float) -> None:
        self._watcher, self._pid, self._budget = watcher, pid, budget_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._since: dict[int, float] = {}
        self.stall = Stall()
        self.blockers: tuple[Blocker, ...] = ()

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        seen: set[int] = set()
        while not self._stop.wait(_LOOK_EVERY_SECONDS):
            now = time.monotonic()
            waiting = waiting_for(self._watcher, self._pid)
            self._since = {pid: self._since.get(pid, now) for pid in waiting}
            seen |= waiting
            worst = max((now - since for since in self._since.values()), default=0.0)
            self.stall = Stall(len(seen), max(self.stall.worst_seconds, worst))
            self.blockers = blockers_of(self._watcher, self._pid) or self.blockers
            if worst >= self._budget and not self._stop.is_set():
                self._watcher.execute("SELECT pg_cancel_backend(%s)", (self._pid,))
                return
