"""Apply a history's pending migrations to a target database, under guard, one migrator at a time."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.guard import run
from gatekeeper.apply.ledger import Ledger, ledger_of
from gatekeeper.apply.session import direct
from gatekeeper.apply.statements import Batch, batches_of
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.applied import Applied, MigrateReport, Stall
from migrations_lint.model import Migration

_ONE_MIGRATOR = 0x6761746B  # "gatk": the advisory lock that every gatekeeper asks for
_ASK_EVERY_SECONDS = 0.2
_SESSION = (
    "SET idle_in_transaction_session_timeout = '5s'",
    "SET client_connection_check_interval = '1s'",  # a killed migrator's statement must not run on (14 and newer)
)


class AnotherMigrator(GatekeeperError):
    """Somebody else is migrating this database."""

    exit_code = 4


Progress = Callable[[Migration], None]


def pending(url: str, history: Sequence[Migration]) -> tuple[Migration, ...]:
    """What the target does not have yet, in order; the target is only read.

    Raises DatabaseUnreachable or BehindPooler.
    """
    with direct(url) as connection:
        return tuple(_pending(connection, history, read_only=True))


def migrate(
    url: str, history: Sequence[Migration], budget: Budget, progress: Progress = lambda migration: None
) -> MigrateReport:
    """Apply what is pending. Each migration's bookkeeping is in its own (last) transaction.

    Raises CannotApply before anything runs, AnotherMigrator, LockNotAcquired or MigrationFailed; what was applied
    until then stays, and the next run goes on behind it.
    """
    with direct(url) as connection, direct(url) as watcher, _alone(connection, budget):
        for setting in _SESSION:
            connection.execute(setting.encode())
        due = tuple(_pending(connection, history, read_only=False))
        planned = [(migration, batches_of(migration)) for migration in due]
        applied = []
        for migration, batches in planned:
            progress(migration)
            applied.append(_apply(connection, watcher, migration, batches, budget))
        return MigrateReport(tuple(applied))


def _apply(
    connection: Connection[Any],
    watcher: Connection[Any],
    migration: Migration,
    batches: tuple[Batch, ...],
    budget: Budget,
) -> Applied:
    started, tries, stall = time.monotonic(), 0, Stall()
    ledger = ledger_of(migration.tool)
    batches = batches or (Batch((), in_transaction=True),)
    for number, batch in enumerate(batches, start=1):
        last = number == len(batches)
        ran = run(connection, watcher, batch, str(migration.path), budget, _recording(ledger, migration, last=last))
        tries, stall = tries + ran.tries, stall.plus(ran.stall)
    return Applied(migration.id, migration.path, time.monotonic() - started, tries, stall)


def _recording(ledger: Ledger, migration: Migration, *, last: bool) -> Callable[[Connection[Any]], None]:
    def record(connection: Connection[Any]) -> None:
        if last:
            ledger.record(connection, migration)

    return record


def _pending(connection: Connection[Any], history: Sequence[Migration], *, read_only: bool) -> Iterator[Migration]:
    for tool in dict.fromkeys(migration.tool for migration in history):
        ledger, own = ledger_of(tool), [migration for migration in history if migration.tool == tool]
        with connection.transaction(force_rollback=read_only):
            ledger.prepare(connection)
            applied = ledger.applied(connection, own)
        yield from (migration for migration in own if migration.id not in applied)


@contextmanager
def _alone(connection: Connection[Any], budget: Budget) -> Iterator[None]:
    """Polled: a session that waits in `pg_advisory_lock` holds a snapshot, for which concurrent builds would wait."""
    began = time.monotonic()
    while not _try_lock(connection):
        if time.monotonic() - began > budget.give_up_after:
            raise AnotherMigrator(
                "another migrator is at work on this database; nothing was changed",
                next_step="Wait for it to end, then run the same command again.",
            )
        time.sleep(_ASK_EVERY_SECONDS)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_ONE_MIGRATOR,))


def _try_lock(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_ONE_MIGRATOR,)).fetchone()
    return bool(row and row[0])
