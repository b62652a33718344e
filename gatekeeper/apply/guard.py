"""Run one transaction so that nobody waits longer than the budget: measure, look, try, pause, and give way in the end.

Every try is a whole transaction whose lock waits end within the budget; a watchdog cancels it when someone has waited
for the budget all the same; a pause follows that is several times what was stalled. There is never a last try without
a timeout.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from psycopg import Connection

from gatekeeper.apply.attempt import Patience, Tried, attempt
from gatekeeper.apply.backoff import Budget, gives_up, lock_wait, pause
from gatekeeper.apply.blockers import Table, tables_of
from gatekeeper.apply.demand import Demand
from gatekeeper.apply.lease import LOST, LeaseTakenOver
from gatekeeper.apply.measure import Looked, Measure, wait_for_outliers
from gatekeeper.apply.refusals import LockNotAcquired, MigrationFailed, TrafficTooSlow, WorkTooLong
from gatekeeper.apply.statements import Batch
from gatekeeper.apply.target import Target
from gatekeeper.apply.terms import Terms
from gatekeeper.apply.verdict import Verdict, verdict_of
from gatekeeper.apply.watchdog import Watchdog
from gatekeeper.model.applied import Attempt, Stall, stall_of
from gatekeeper.model.blocker import Blocker
from migrations_lint.model import Relation

_UNKNOWN_DRAIN_SECONDS = 0.05
_VACUUM_YIELDS_SECONDS = 0.02
_OVERRUNS = 1  # once may be a cold cache
_MAY_SET = "SELECT has_parameter_privilege('deadlock_timeout', 'SET')"
_IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_PARAMETER_PRIVILEGES_SINCE = 150000


class Bookkeeping(Protocol):
    """How a transaction is noted where it runs, so that it stands exactly where the note does."""

    def record(self, connection: Connection[Any]) -> None:
        """Note it, in its own transaction."""
        ...

    def is_recorded(self, connection: Connection[Any]) -> bool:
        """Whether the note is there."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A transaction of a migration: which one, in what words it is told, what of the run comes after it."""

    migration: str
    number: int
    name: str
    batch: Batch
    later: tuple[Demand, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """How a batch got in."""

    attempts: tuple[Attempt, ...]

    @property
    def tries(self) -> int:
        """How many tries it took."""
        return len(self.attempts)

    @property
    def stall(self) -> Stall:
        """What all of them together made others wait."""
        return stall_of(self.attempts)


def _quiet(line: str) -> None:
    """Nobody listens."""


def _unkept(one: Attempt) -> None:
    """Nobody keeps it."""


@dataclass
class Guard:
    """Runs transactions on one target; `tell` hears what we wait for, `show` how far long work is, `keep` each try."""

    target: Target
    budget: Budget
    terms: Terms = field(default_factory=Terms)
    tell: Callable[[str], None] = _quiet
    keep: Callable[[Attempt], None] = _unkept
    show: Callable[[str], None] = _quiet

    def __post_init__(self) -> None:
        self.measure = Measure(self.target, self.budget)
        self.may_hurry_vacuum = _may_hurry_vacuum(self.target.watcher)

    def run(self, piece: Piece, bookkeeping: Bookkeeping) -> Run:
        """Run a batch that has a transaction.

        Raises TrafficTooSlow before anything, LockNotAcquired when the time or the stall is used up, WorkTooLong when
        it keeps others waiting with its own work, MigrationFailed when the server refuses a statement, ConnectionLost.
        """
        tables = tables_of(self.target.watcher, (*piece.batch.demands, *piece.later))
        return _Course(self, piece, bookkeeping, tables).run()


@dataclass
class _Course:
    """One transaction on its way in."""

    guard: Guard
    piece: Piece
    bookkeeping: Bookkeeping
    tables: dict[Relation, Table]
    attempts: list[Attempt] = field(default_factory=list)
    overruns: int = 0

    def run(self) -> Run:
        budget, started = self.guard.budget, time.monotonic()
        drain = self._drain()
        while True:
            looked = self._look(drain, started + budget.give_up_after)
            wait = lock_wait(len(self.attempts) + 1, drain, budget, vacuum=looked.vacuum)
            verdict, one = self._try(wait)
            self.attempts.append(one)
            self.guard.keep(one)
            if verdict is Verdict.COMMITTED:
                return Run(tuple(self.attempts))
            if self.overruns > _OVERRUNS:
                raise WorkTooLong(self.piece.name, self.attempts, budget)
            rest = pause(max(one.waited, one.stall.worst_seconds), random.random())
            stalled = sum(attempt.stall.worst_seconds for attempt in self.attempts)
            if gives_up(time.monotonic() - started, stalled, rest, budget):
                raise LockNotAcquired(self.piece.name, self.attempts, one.blockers)
            time.sleep(rest)

    def _drain(self) -> float:
        demands = self.piece.batch.demands
        if not demands:
            return _UNKNOWN_DRAIN_SECONDS
        traffic = self.guard.measure.traffic(demands, self.tables, self.piece.later)
        if not traffic.fits(self.guard.budget):
            raise TrafficTooSlow(self.piece.name, traffic, self.guard.budget)
        return min(traffic.drain, self.guard.budget.max_stall)

    def _look(self, drain: float, until: float) -> Looked:
        def told(blockers: tuple[Blocker, ...]) -> None:
            self.guard.tell(f"{self.piece.name}: waiting, because {blockers[0]}")

        looked = wait_for_outliers(
            self.guard.target,
            self.piece.batch.demands,
            self.tables,
            drain,
            self.guard.terms,
            vacuum_yields=self.guard.may_hurry_vacuum,
            until=until,
            told=told,
        )
        for blocker in looked.ended:
            self.guard.tell(f"ended as allowed: {blocker}")
        if looked.left:
            raise LockNotAcquired(self.piece.name, self.attempts, looked.left)
        return looked

    def _try(self, wait: float) -> tuple[Verdict, Attempt]:
        target, fence = self.guard.target, self.guard.terms.fence
        target.settle()
        lockable = frozenset(relation for relation, table in self.tables.items() if table.may_lock)
        patience = Patience(wait, min(wait / 2, _VACUUM_YIELDS_SECONDS) if self.guard.may_hurry_vacuum else None)
        watchdog = Watchdog(target.watcher, target.connection.info.backend_pid, self.guard.budget.max_stall)
        began, clock = time.time(), time.monotonic()
        with watchdog:
            tried = attempt(target.connection, self.piece.batch, lockable, patience, self.bookkeeping.record, fence)
        seconds = time.monotonic() - clock
        verdict = self._verdict(tried, watchdog)
        self.overruns += watchdog.cancelled and tried.failed is not None and not watchdog.blockers
        return verdict, Attempt(
            self.piece.migration,
            self.piece.number,
            len(self.attempts) + 1,
            verdict.value if verdict is Verdict.COMMITTED else str(tried.error).split("\n")[0],
            began,
            seconds,
            tried.waited,
            tried.held,
            watchdog.stall,
            tried.statements,
            watchdog.blockers,
        )

    def _verdict(self, tried: Tried, watchdog: Watchdog) -> Verdict:
        target, name, fence = self.guard.target, self.piece.name, self.guard.terms.fence
        lost = not target.is_whole
        error = (tried.error.sqlstate, str(tried.error)) if tried.error else None
        verdict = verdict_of(error, cancelled=watchdog.cancelled, lost=lost)
        if verdict is Verdict.UNKNOWN:
            self.guard.tell(f"{name}: the connection was lost; connecting again to see what is in place")
            target.renew()
            return Verdict.COMMITTED if self.bookkeeping.is_recorded(target.connection) else Verdict.GAVE_WAY
        if verdict is Verdict.REFUSED:
            assert tried.error is not None
            if fence is not None and tried.failed is None and tried.error.sqlstate == LOST:
                raise LeaseTakenOver(fence) from tried.error
            raise MigrationFailed(name, tried.failed, tried.error) from tried.error
        if lost:
            target.renew()
        return verdict


def _may_hurry_vacuum(watcher: Connection[Any]) -> bool:
    """Whether our role may set deadlock_timeout, after which autovacuum yields to whoever waits for it."""
    since = watcher.info.server_version >= _PARAMETER_PRIVILEGES_SINCE
    row = watcher.execute(_MAY_SET if since else _IS_SUPERUSER).fetchone()
    return bool(row and row[0])
