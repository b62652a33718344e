"""Run statements as in production, and see what PostgreSQL really locks, scans and rewrites.

All three are independent of size, so a database without rows shows them. Locks are read by OID from maps taken
before and after each statement: a dropped table has no name left to join with.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.model.proof import LockTrace, ObservedLock, TracedStatement
from gatekeeper.staging.lock_map import LockMap, Look, locks_of, look, work_between
from gatekeeper.staging.lock_watch import run_watched
from migrations_lint.locks import LockMode, strongest
from migrations_lint.model import Fragment, LockFact, Relation, RelationKind, Script, Work
from migrations_lint.parse.libpg import parse

_NOT_IN_A_TRANSACTION = "25001"
_NO_FACTS_OF_THEIR_OWN = frozenset({RelationKind.INDEX})


class StatementFailed(Exception):
    """The server refused a statement; what was traced until then is kept."""

    def __init__(self, statement: str, line: int | None, cause: psycopg.Error, trace: LockTrace) -> None:
        self.statement, self.line, self.cause, self.trace = statement, line, cause, trace
        super().__init__(str(cause))


def observe(connection: Connection[Any], sql: str) -> tuple[LockFact, ...]:
    """What one statement locks and does; its transaction is rolled back where PostgreSQL allows one.

    The connection must be in autocommit mode and outside a transaction, with the schema it needs committed.
    """
    before = look(connection)
    connection.execute("BEGIN")
    try:
        command = connection.execute(sql.encode()).statusmessage or ""
        locks, after = locks_of(connection), look(connection)
    except psycopg.Error as error:
        connection.execute("ROLLBACK")
        if error.sqlstate != _NOT_IN_A_TRANSACTION:
            raise
        command, locks = run_watched(connection, sql, before)
        after = look(connection)
    else:
        connection.execute("ROLLBACK")
    return facts_between(before, after, locks, command)


def facts_between(before: Look, after: Look, locks: LockMap, command: str) -> tuple[LockFact, ...]:
    """Name what was locked, and say what was done under the lock; user relations only."""
    works = work_between(before, after, locks, command)
    found = []
    for oid, modes in locks.items():
        seen = before.relations.get(oid) or after.relations.get(oid)
        if seen is not None and seen.kind not in _NO_FACTS_OF_THEIR_OWN:
            found.append(LockFact(seen.relation, seen.kind, strongest(*modes), works.get(oid, Work.INSTANT)))
    return tuple(sorted(found, key=lambda fact: fact.relation))


@dataclass
class _Draft:
    """A statement that has run, in a transaction that may not have ended yet."""

    line: int
    sql: str
    began: float
    seconds: float
    locks: Sequence[tuple[Relation, LockMode]]
    rewrites: tuple[Relation, ...]
    scans: tuple[Relation, ...]

    def finished(self, ended: float) -> TracedStatement:
        held = max(ended - self.began, 0.0)
        locks = tuple(ObservedLock(relation, mode, held) for relation, mode in self.locks)
        return TracedStatement(self.line, self.sql, self.seconds, locks, self.rewrites, self.scans)


def trace(
    connection: Connection[Any], script: Script, *, substitute: Callable[[str], str | None] = lambda sql: None
) -> LockTrace:
    """Run a whole script, transaction by transaction as its tool would; raises StatementFailed where it stops.

    `substitute` may give other SQL to run in place of a statement: a stand-in for an extension.
    """
    return _Tracer(connection, substitute).run(script)


@dataclass
class _Tracer:
    connection: Connection[Any]
    substitute: Callable[[str], str | None]
    done: list[TracedStatement] = field(default_factory=list)
    open: list[_Draft] = field(default_factory=list)
    held: dict[int, frozenset[LockMode]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def run(self, script: Script) -> LockTrace:
        wrapped = False
        for fragment in script.fragments:
            if wrapped and (fragment.begins_anew or not fragment.in_transaction):
                self._control("COMMIT", fragment)
                wrapped = False
            if fragment.in_transaction and not wrapped:
                self._control("BEGIN", fragment)
            wrapped = fragment.in_transaction
            self._fragment(fragment)
        if wrapped:
            self._control("COMMIT", script.fragments[-1])
        if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.connection.execute("COMMIT")
        self._close_transaction()
        return self._trace()

    def _fragment(self, fragment: Fragment) -> None:
        parsed = parse(fragment)
        if parsed.errors:  # the server will say what is wrong, in its own words
            self._run(fragment.sql, fragment.source.position(fragment.start).line)
            return
        for statement in parsed.statements:
            self._run(statement.sql, statement.begins.line)

    def _control(self, command: str, fragment: Fragment) -> None:
        try:
            self.connection.execute(command.encode())
        except psycopg.Error as error:  # a deferred constraint speaks at COMMIT
            raise self._failed(command, fragment.source.position(fragment.start).line, error) from error
        self._close_transaction()

    def _run(self, sql: str, line: int) -> None:
        began = time.monotonic()
        before = look(self.connection)
        try:
            started = time.monotonic()
            command, locks = self._execute(self.substitute(sql) or sql, before)
        except psycopg.Error as error:
            raise self._failed(sql, line, error) from error
        seconds = time.monotonic() - started
        after = look(self.connection)
        if not self._in_transaction():
            self._close_transaction()
        works = work_between(before, after, locks, command)
        names: Mapping[int, Relation] = {
            oid: seen.relation
            for oid, seen in {**after.relations, **before.relations}.items()
            if seen.kind not in _NO_FACTS_OF_THEIR_OWN
        }
        new = [
            (names[oid], strongest(*fresh))
            for oid, modes in locks.items()
            if oid in names and (fresh := modes - self.held.get(oid, frozenset()))
        ]
        self.held |= locks
        self.open.append(
            _Draft(
                line,
                sql,
                began,
                seconds,
                sorted(new, key=lambda lock: lock[0]),
                tuple(sorted(names[oid] for oid, work in works.items() if work is Work.REWRITE and oid in names)),
                tuple(sorted(names[oid] for oid, work in works.items() if work is Work.SCAN and oid in names)),
            )
        )
        if not self._in_transaction():
            self._close_transaction()

    def _execute(self, sql: str, before: Look) -> tuple[str, LockMap]:
        if self._in_transaction():
            command = self.connection.execute(sql.encode()).statusmessage or ""
            return command, locks_of(self.connection) if self._in_transaction() else {}
        return run_alone(self.connection, sql, before)

    def _in_transaction(self) -> bool:
        return self.connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS

    def _close_transaction(self) -> None:
        now = time.monotonic()
        self.done += [draft.finished(now) for draft in self.open]
        self.open.clear()
        self.held.clear()

    def _trace(self) -> LockTrace:
        return LockTrace(time.monotonic() - self.began, tuple(self.done))

    def _failed(self, sql: str, line: int, error: psycopg.Error) -> StatementFailed:
        self._close_transaction()
        if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE and not self.connection.closed:
            self.connection.execute("ROLLBACK")
        return StatementFailed(sql, line, error, self._trace())


def run_alone(connection: Connection[Any], sql: str, before: Look) -> tuple[str, LockMap]:
    """A statement in a transaction of its own: kept open long enough to look, watched where it can't be."""
    connection.execute("BEGIN")
    try:
        command = connection.execute(sql.encode()).statusmessage or ""
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.INTRANS:
            return command, {}  # the script ended the transaction itself
        if command == "BEGIN":
            return command, {}
        locks = locks_of(connection)
        connection.execute("COMMIT")
    except psycopg.Error as error:
        if connection.closed:
            raise
        connection.execute("ROLLBACK")
        if error.sqlstate != _NOT_IN_A_TRANSACTION:
            raise
        return run_watched(connection, sql, before)
    return command, locks
