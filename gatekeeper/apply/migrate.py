"""Apply a history's pending migrations to a target database, under guard, one migrator at a time."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from psycopg import Connection, OperationalError

from gatekeeper.apply import progress
from gatekeeper.apply.backfill import run_backfill
from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.begin import wait_until_clear
from gatekeeper.apply.demand import Demand
from gatekeeper.apply.guard import Bookkeeping, Guard, Piece, Run
from gatekeeper.apply.ledger import ledger_of
from gatekeeper.apply.outside import run_outside
from gatekeeper.apply.session import direct
from gatekeeper.apply.spans import trace_attempt
from gatekeeper.apply.statements import Batch, planned
from gatekeeper.apply.target import Target, alone_on
from gatekeeper.apply.terms import Terms
from gatekeeper.model.applied import Applied, Attempt, MigrateReport, stall_of
from migrations_lint.model import Migration


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears how it goes: each migration as it begins, what it waits for in words, each try when it is over.

    `shows` hears every second how far a build or a backfill is.
    """

    begins: Callable[[Migration], None] = lambda migration: None
    waits: Callable[[str], None] = lambda line: None
    tried: Callable[[Attempt], None] = lambda attempt: None
    shows: Callable[[str], None] = lambda line: None

    def keeps(self, attempt: Attempt) -> None:
        """Tell of a try here, and in the trace of the process."""
        trace_attempt(attempt)
        self.tried(attempt)


def pending(url: str, history: Sequence[Migration]) -> tuple[Migration, ...]:
    """What the target does not have yet, in order; the target is only read.

    Raises DatabaseUnreachable or BehindPooler.
    """
    with direct(url) as connection:
        return pending_on(connection, history)


def pending_on(connection: Connection[Any], history: Sequence[Migration]) -> tuple[Migration, ...]:
    """The same, asked over a connection that is there."""
    return tuple(_pending(connection, history))


def migrate(
    url: str,
    history: Sequence[Migration],
    budget: Budget,
    *,
    terms: Terms | None = None,
    listener: Listener | None = None,
) -> MigrateReport:
    """Apply what is pending. Each migration's bookkeeping is in its own (last) transaction.

    Raises CannotApply or PreflightStopped before anything runs, AnotherMigrator, TrafficTooSlow, LockNotAcquired or
    MigrationFailed; what was applied until then stays, and the next run goes on behind it.
    """
    terms, listener = terms or Terms(), listener or Listener()
    with alone_on(url, budget, terms) as target:
        try:
            guard = Guard(target, budget, terms, listener.waits, listener.keeps, listener.shows)
            return _migrate(target, history, guard, listener)
        except OperationalError as error:
            if target.is_whole:  # a full disk is one too
                raise
            raise target.lost(error) from error


def _migrate(target: Target, history: Sequence[Migration], guard: Guard, listener: Listener) -> MigrateReport:
    due = pending_on(target.connection, history)
    plan = planned(history, due, target.connection.info.server_version // 10000)
    if plan:
        wait_until_clear(target, [batch for _, own in plan for batch in own], guard.terms, guard.budget, listener.waits)
    for tool in dict.fromkeys(migration.tool for migration in due):
        ledger_of(tool).prepare(target.connection)
    wanted = [tuple(demand for batch in own for demand in batch.demands) for _, own in plan]
    applied = []
    for number, (migration, batches) in enumerate(plan):
        listener.begins(migration)
        later = tuple(chain.from_iterable(wanted[number + 1 :]))
        applied.append(_apply(guard, history, migration, batches, later))
    return MigrateReport(tuple(applied))


@dataclass(frozen=True, slots=True)
class _Note:
    """The note of one part of a migration; the last part's is the tool's own."""

    history: Sequence[Migration]
    migration: Migration
    part: int
    parts: int
    batch: Batch

    def record(self, connection: Connection[Any]) -> None:
        # The migration may have left another search_path or role, as the text of a dump does.
        connection.execute("SET LOCAL search_path TO DEFAULT")
        connection.execute("SET LOCAL ROLE NONE")
        if self.part < self.parts:
            progress.record(connection, self.migration, self.part, self.batch)
            return
        if self.parts > 1:
            progress.forget(connection, self.migration)
        ledger_of(self.migration.tool).record(connection, self.migration)

    def is_recorded(self, connection: Connection[Any]) -> bool:
        if self.part < self.parts:
            return progress.is_recorded(connection, self.migration, self.part)
        own = [one for one in self.history if one.tool == self.migration.tool]
        return self.migration.id in ledger_of(self.migration.tool).applied(connection, own)


def _apply(
    guard: Guard,
    history: Sequence[Migration],
    migration: Migration,
    batches: tuple[Batch, ...],
    later: tuple[Demand, ...],
) -> Applied:
    started = time.monotonic()
    batches = batches or (Batch((), in_transaction=True),)
    connection = guard.target.begin_anew()
    in_place = progress.parts_in_place(connection, migration, batches)
    if len(batches) > 1:
        progress.prepare(connection)
    attempts: list[Attempt] = []
    for part, batch in enumerate(batches[in_place:], start=in_place + 1):
        after = tuple(demand for one in batches[part:] for demand in one.demands)
        piece = Piece(migration.id, part, str(migration.path), batch, (*after, *later))
        note = _Note(history, migration, part, len(batches), batch)
        attempts += _stands(guard, piece, note).attempts
    seconds = time.monotonic() - started
    return Applied(migration.id, migration.path, seconds, len(attempts), stall_of(attempts), tuple(attempts))


def _stands(guard: Guard, piece: Piece, note: Bookkeeping) -> Run:
    """Run a part until it stands; where a session is lost between its tries, begin it again.

    What was lost while the server had something to commit, the ways themselves have resolved.
    """
    while True:
        try:
            return _way_of(piece.batch)(guard, piece, note)
        except OperationalError:
            if guard.target.is_whole:
                raise
            guard.tell(f"{piece.name}: the connection was lost; connecting again to see what is in place")
            guard.target.renew()
            if note.is_recorded(guard.target.connection):
                return Run(())


def _way_of(batch: Batch) -> Callable[[Guard, Piece, Bookkeeping], Run]:
    if batch.backfill is not None:
        return run_backfill
    return Guard.run if batch.in_transaction else run_outside


def _pending(connection: Connection[Any], history: Sequence[Migration]) -> Iterator[Migration]:
    for tool in dict.fromkeys(migration.tool for migration in history):
        ledger, own = ledger_of(tool), [migration for migration in history if migration.tool == tool]
        applied = ledger.applied(connection, own) if _is_there(connection, ledger.table) else frozenset()
        yield from (migration for migration in own if migration.id not in applied)


def _is_there(connection: Connection[Any], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return bool(row and row[0])
