"""A statement that must have no transaction around it, such as CREATE INDEX CONCURRENTLY.

It waits without blocking anyone, so it may wait: lock_timeout would count each of its waits, and leave an invalid index
behind.
"""

import random
import time
from collections.abc import Sequence

import psycopg

from gatekeeper.apply.backoff import gives_up, pause
from gatekeeper.apply.guard import Bookkeeping, Guard, Piece, Run
from gatekeeper.apply.invalid_index import drop_left_behind, invalid_indexes
from gatekeeper.apply.refusals import LockNotAcquired, MigrationFailed
from gatekeeper.apply.verdict import Verdict, verdict_of
from gatekeeper.apply.watchdog import Watchdog
from gatekeeper.model.applied import Attempt, StatementRun


def run_outside(guard: Guard, piece: Piece, bookkeeping: Bookkeeping) -> Run:
    """Run a batch that has no transaction; raises LockNotAcquired, MigrationFailed or ConnectionLost."""
    started, stalled = time.monotonic(), 0.0
    attempts: list[Attempt] = []
    while True:
        verdict, one = _try(guard, piece, attempts, bookkeeping)
        attempts.append(one)
        guard.keep(one)
        if verdict is Verdict.COMMITTED:
            return Run(tuple(attempts))
        stalled += one.stall.worst_seconds
        rest = pause(one.stall.worst_seconds, random.random())
        if gives_up(time.monotonic() - started, stalled, rest, guard.budget):
            raise LockNotAcquired(piece.name, attempts, one.blockers)
        time.sleep(rest)


def _try(guard: Guard, piece: Piece, attempts: Sequence[Attempt], bookkeeping: Bookkeeping) -> tuple[Verdict, Attempt]:
    connection, (statement,) = guard.target.connection, piece.batch.statements
    guard.target.settle()
    before = invalid_indexes(connection)
    began, clock = time.time(), time.monotonic()
    watchdog = Watchdog(guard.target.watcher, connection.info.backend_pid, guard.budget.max_stall)
    verdict, outcome, error = Verdict.COMMITTED, Verdict.COMMITTED.value, None
    try:
        with watchdog:
            connection.execute(statement.sql.encode())
    except psycopg.Error as raised:
        error, outcome = raised, str(raised).split("\n")[0]
        lost = not guard.target.is_whole
        verdict = verdict_of((raised.sqlstate, str(raised)), cancelled=watchdog.cancelled, lost=lost)
        if lost:
            guard.target.renew()
        drop_left_behind(guard.target.connection, before)
    seconds = time.monotonic() - clock
    if verdict is Verdict.REFUSED:
        assert error is not None
        raise MigrationFailed(piece.name, statement, error) from error
    if verdict is Verdict.COMMITTED:
        with connection.transaction():
            bookkeeping.record(connection)
    ran = (
        (StatementRun(statement.line, statement.sql, began, seconds, None, 0),) if verdict is Verdict.COMMITTED else ()
    )
    number = len(attempts) + 1
    return verdict, Attempt(
        piece.migration,
        piece.number,
        number,
        outcome,
        began,
        seconds,
        0.0,
        seconds,
        watchdog.stall,
        ran,
        watchdog.blockers,
    )
