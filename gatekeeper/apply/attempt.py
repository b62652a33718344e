"""One try of one transaction, sent as one pipeline: no round trip, and no work of ours, while its locks are held.

Between its statements stand marks, which tell the server's clock and leave the next statement what is left of the time
that all lock waits of the try may take together: `lock_timeout` itself counts each wait anew.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import Connection, Cursor, sql

from gatekeeper.apply.demand import Demand
from gatekeeper.apply.lease import assert_held
from gatekeeper.apply.statements import Batch, PlannedStatement
from gatekeeper.model.applied import StatementRun
from gatekeeper.model.lease import Fence
from migrations_lint.model import Relation, Work

_MARK = """
WITH seen AS MATERIALIZED (
    SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now,
           nullif(current_setting('gatekeeper.asked', true), '')::float8 AS asked,
           coalesce(nullif(current_setting('gatekeeper.waited', true), ''), '0')::float8 AS waited),
sums AS MATERIALIZED (
    SELECT now, waited + CASE WHEN %(waits)s THEN coalesce(now - asked, 0) ELSE 0 END AS waited FROM seen)
SELECT now / 1000, waited / 1000, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8,
       set_config('gatekeeper.asked', now::text, true), set_config('gatekeeper.waited', waited::text, true),
       set_config('lock_timeout', greatest(1, ceil(%(wait)s - waited))::int::text || 'ms', true)
  FROM sums
"""
_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"


@dataclass(frozen=True, slots=True)
class Patience:
    """What all lock waits of a try may take, and after how much of it autovacuum yields, in seconds.

    The latter is None where our role may not say so.
    """

    wait: float
    vacuum_yields_after: float | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try did until it committed or failed; seconds by the server's clock.

    `error` is None where it committed; `failed` is the statement that was refused, None where it was a lock or our own
    bookkeeping.
    """

    waited: float
    held: float
    statements: tuple[StatementRun, ...]
    error: psycopg.Error | None = None
    failed: PlannedStatement | None = None


@dataclass(frozen=True, slots=True)
class _Sent:
    """Something on its way, and what it was for; a mark has neither demand nor statement."""

    cursor: Cursor[Any]
    demand: Demand | None = None
    statement: PlannedStatement | None = None
    is_mark: bool = False


def attempt(
    connection: Connection[Any],
    batch: Batch,
    lockable: Collection[Relation],
    patience: Patience,
    record: Callable[[Connection[Any]], None],
    fence: Fence | None = None,
) -> Tried:
    """Try a batch once; `record` writes the bookkeeping in its transaction. `lockable` may be locked by name.

    With a `fence`, its epoch is asserted first: it fails with SQLSTATE 22012 where somebody has taken the place over.

    Never raises a psycopg error: it is in what is returned.
    """
    sent: list[_Sent] = []
    error: psycopg.Error | None = None
    began = time.monotonic()
    try:
        with connection.pipeline():
            _send(connection, batch, lockable, patience, record, sent, fence)
    except psycopg.Error as raised:
        error = raised
    if error is not None and not connection.closed:
        connection.rollback()
    tried = _told(sent, error)
    if error is None:
        return tried
    # What came to nothing has no mark behind it.
    return replace(tried, waited=time.monotonic() - began - sum(run.seconds for run in tried.statements))


def _send(
    connection: Connection[Any],
    batch: Batch,
    lockable: Collection[Relation],
    patience: Patience,
    record: Callable[[Connection[Any]], None],
    sent: list[_Sent],
    fence: Fence | None,
) -> None:
    def mark(*, waits: bool) -> None:
        values = {"waits": waits, "wait": patience.wait * 1000}
        sent.append(_Sent(connection.execute(_MARK, values), is_mark=True))

    connection.execute("BEGIN")
    if fence is not None:
        assert_held(connection, fence)
    if patience.vacuum_yields_after is not None:
        limit = f"{max(round(patience.vacuum_yields_after * 1000), 1)}ms"
        connection.execute("SELECT set_config('deadlock_timeout', %s, true)", (limit,))
    mark(waits=False)
    for statement, demands in zip(batch.statements, batch.asked_before, strict=True):
        for demand in demands:
            if demand.relation in lockable:
                sent.append(_Sent(connection.execute(_lock(demand)), demand=demand))
                mark(waits=True)
        sent.append(_Sent(connection.execute(statement.sql.encode()), statement=statement))
        mark(waits=all(lock.work is Work.INSTANT for lock in statement.locks))
    record(connection)
    connection.execute("COMMIT")
    sent.append(_Sent(connection.execute(_CLOCK), is_mark=True))


def _lock(demand: Demand) -> sql.Composed:
    """ONLY: the statement itself knows of which of a table's children it needs locks."""
    relation = sql.Identifier(demand.relation.schema, demand.relation.name)
    return sql.SQL("LOCK TABLE ONLY {} IN {} MODE").format(relation, sql.SQL(demand.mode.value))


def _told(sent: Sequence[_Sent], error: psycopg.Error | None) -> Tried:
    answered = [one for one in sent if one.cursor.pgresult is not None]
    failed = None if error is None else next((one for one in sent if one.cursor.pgresult is None), None)
    now = waited = 0.0
    wal: int | None = None
    locked_at: float | None = None
    runs: list[StatementRun] = []
    last: _Sent | None = None
    for one in answered:
        if not one.is_mark:
            last = one
            continue
        row = one.cursor.fetchone()
        assert row is not None
        if locked_at is None and last is not None:
            locked_at = row[0] if last.demand is not None else now
        if len(row) > 1:
            if last is not None and last.statement is not None:
                runs.append(_run(last, now, row[0] - now, row[2] - (wal or row[2])))
            waited, wal = row[1], row[2]
        now = row[0]
    held = now - locked_at if locked_at is not None else 0.0
    return Tried(waited, held, tuple(runs), error, failed.statement if failed else None)


def _run(sent: _Sent, began: float, seconds: float, wal_bytes: int) -> StatementRun:
    assert sent.statement is not None
    rows = sent.cursor.rowcount
    statement = sent.statement
    return StatementRun(statement.line, statement.sql, began, seconds, rows if rows >= 0 else None, wal_bytes)
