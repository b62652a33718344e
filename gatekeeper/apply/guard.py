"""Run one transaction so that nobody waits longer than the budget: measure, look, try, pause, and give way in the end.

Every try is a whole transaction whose lock waits end within the budget; a watchdog cancels it when someone has waited
for the budget all the same; a pause follows that is several times what was stalled. There is never a last try without
a timeout.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from psycopg import Connection

from gatekeeper.apply.attempt import Patience, Tried, attempt
from gatekeeper.apply.backoff import Budget, gives_up, lock_wait, pause
from gatekeeper.apply.blockers import Table, tables_of
from gatekeeper.apply.demand import Demand
from gatekeeper.apply.measure import Measure, wait_for_outliers
from gatekeeper.apply.refusals import LockNotAcquired, MigrationFailed, TrafficTooSlow
from gatekeeper.apply.statements import Batch
from gatekeeper.apply.target import Target
from gatekeeper.apply.terms import Terms
from gatekeeper.apply.verdict import Verdict, verdict_of
from gatekeeper.apply.watchdog import Watchdog
from gatekeeper.model.applied import Attempt, Stall, stall_of
from gatekeeper.model.blocker import Blocker
from migrations_lint.model import Relation

_UNKNOWN_DRAIN_SECONDS = 0.05
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
        self._measure = Measure(self.target, self.budget)
        self._may_hurry_vacuum = _may_hurry_vacuum(self.target.watcher)

    def run(self, piece: Piece, bookkeeping: Bookkeeping) -> Run:
        """Run a batch that has a transaction.

        Raises TrafficTooSlow before anything, LockNotAcquired when the time or the stall is used up, MigrationFailed
        when the server refuses a statement, ConnectionLost.
        """
        started = time.monotonic()
        demands = piece.batch.demands
        tables = tables_of(self.target.watcher, (*demands, *piece.later))
        drain = self._drain(piece, tables)
        attempts: list[Attempt] = []
        stalled = 0.0
        while True:
            self._look(piece, tables, drain, attempts, started)
            tried, one = self._try(
                piece, tables, lock_wait(len(attempts) + 1, drain, self.budget), attempts, bookkeeping
            )
            attempts.append(one)
            self.keep(one)
            if tried is Verdict.COMMITTED:
                return Run(tuple(attempts))
            stalled += one.stall.worst_seconds
            rest = pause(one.waited, random.random())
            if gives_up(time.monotonic() - started, stalled, rest, self.budget):
                raise LockNotAcquired(piece.name, attempts, one.blockers)
            time.sleep(rest)

    def _drain(self, piece: Piece, tables: dict[Relation, Table]) -> float:
        demands = piece.batch.demands
        if not demands:
            return _UNKNOWN_DRAIN_SECONDS
        traffic = self._measure.traffic(demands, tables, piece.later)
        if not traffic.fits(self.budget):
            raise TrafficTooSlow(piece.name, traffic, self.budget)
        return min(traffic.drain, self.budget.max_stall)

    def _look(
        self, piece: Piece, tables: dict[Relation, Table], drain: float, attempts: Sequence[Attempt], started: float
    ) -> None:
        def told(blockers: tuple[Blocker, ...]) -> None:
            self.tell(f"{piece.name}: waiting for {blockers[0]}")

        looked = wait_for_outliers(
            self.target,
            piece.batch.demands,
            tables,
            drain,
            self.terms,
            vacuum_yields=self._may_hurry_vacuum,
            until=started + self.budget.give_up_after,
            told=told,
        )
        for blocker in looked.ended:
            self.tell(f"ended as allowed: {blocker}")
        if looked.left:
            raise LockNotAcquired(piece.name, attempts, looked.left)

    def _try(
        self,
        piece: Piece,
        tables: dict[Relation, Table],
        wait: float,
        attempts: Sequence[Attempt],
        bookkeeping: Bookkeeping,
    ) -> tuple[Verdict, Attempt]:
        self.target.settle()
        lockable = frozenset(relation for relation, table in tables.items() if table.may_lock)
        patience = Patience(wait, wait / 2 if self._may_hurry_vacuum else None)
        watchdog = Watchdog(self.target.watcher, self.target.connection.info.backend_pid, self.budget.max_stall)
        began, clock = time.time(), time.monotonic()
        with watchdog:
            tried = attempt(self.target.connection, piece.batch, lockable, patience, bookkeeping.record)
        seconds = time.monotonic() - clock
        verdict = self._verdict(tried, piece, watchdog, bookkeeping)
        outcome = verdict.value if verdict is Verdict.COMMITTED else str(tried.error).split("\n")[0]
        one = Attempt(
            piece.migration,
            piece.number,
            len(attempts) + 1,
            outcome,
            began,
            seconds,
            tried.waited,
            tried.held,
            watchdog.stall,
            tried.statements,
            watchdog.blockers,
        )
        return verdict, one

    def _verdict(self, tried: Tried, piece: Piece, watchdog: Watchdog, bookkeeping: Bookkeeping) -> Verdict:
        lost = not self.target.is_whole
        error = (tried.error.sqlstate, str(tried.error)) if tried.error else None
        verdict = verdict_of(error, cancelled=watchdog.cancelled, lost=lost)
        if verdict is Verdict.UNKNOWN:
            self.tell(f"{piece.name}: the connection was lost; connecting again to see what is in place")
            self.target.renew()
            return Verdict.COMMITTED if bookkeeping.is_recorded(self.target.connection) else Verdict.GAVE_WAY
        if verdict is Verdict.REFUSED:
            assert tried.error is not None
            raise MigrationFailed(piece.name, tried.failed, tried.error) from tried.error
        if lost:
            self.target.renew()
        return verdict


def _may_hurry_vacuum(watcher: Connection[Any]) -> bool:
    """Whether our role may set deadlock_timeout, after which autovacuum yields to whoever waits for it."""
    since = watcher.info.server_version >= _PARAMETER_PRIVILEGES_SINCE
    row = watcher.execute(_MAY_SET if since else _IS_SUPERUSER).fetchone()
    return bool(row and row[0])
