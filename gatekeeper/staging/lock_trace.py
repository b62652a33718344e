"""Run statements as in production, and see what PostgreSQL really locks, scans and rewrites.

All three are independent of size, so a database without rows shows them. Locks are read by OID from maps taken
before and after each statement: a dropped table has no name left to join with.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.model.proof import LockTrace, ObservedLock, TracedStatement, Wait
from gatekeeper.staging.lock_map import LockMap, Look, begin, look, look_inside, work_between
from gatekeeper.staging.lock_probe import LockProbe
from gatekeeper.staging.lock_watch import run_watched
from migrations_lint.locks import LockMode, strongest
from migrations_lint.model import Fragment, LockFact, Relation, RelationKind, Script, Work
from migrations_lint.parse.libpg import parse

_NOT_IN_A_TRANSACTION = "25001"
_NO_FACTS_OF_THEIR_OWN = frozenset({RelationKind.INDEX})
# These may rename or take back what they have not locked: the whole map is taken again.
_LOOKED_AT_ANEW = frozenset({"ALTER SCHEMA", "ROLLBACK", "DO"})

_LEAVES_TRACES = frozenset({Work.SCAN, Work.INDEX_BUILD, Work.REWRITE})
_ENDS_IT = ("COMMIT", "END")


class StatementFailed(Exception):
    """The server refused a statement; what was traced until then is kept."""

    def __init__(self, statement: str, line: int | None, cause: psycopg.Error, trace: LockTrace) -> None:
        self.statement, self.line, self.cause, self.trace = statement, line, cause, trace
        super().__init__(str(cause))


def observe(connection: Connection[Any], sql: str) -> tuple[LockFact, ...]:
    """What one statement locks and does; its transaction is rolled back where PostgreSQL allows one.

    The connection must be in autocommit mode and outside a transaction, with the schema it needs committed.
    """
    before = begin(connection, look(connection))
    try:
        command = connection.execute(sql.encode()).statusmessage or ""
        locks, after = look_inside(connection, before)
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


def _worked_on_again(facts: tuple[LockFact, ...], new: frozenset[Relation]) -> tuple[LockFact, ...]:
    """Under a lock that the transaction held before only work that leaves traces can be seen."""
    return tuple(fact for fact in facts if fact.relation not in new and fact.work in _LEAVES_TRACES)


@dataclass
class _Draft:
    """A statement that has run, in a transaction that may not have ended yet."""

    line: int
    sql: str
    began: float
    seconds: float
    facts: tuple[LockFact, ...]
    new: frozenset[Relation]
    written: int | None

    def finished(self, started: float, ended: float) -> TracedStatement:
        held = max(ended - self.began, 0.0)
        locks = tuple(
            ObservedLock(fact.relation, fact.mode, held, fact.relation_kind)
            for fact in self.facts
            if fact.relation in self.new
        )
        return TracedStatement(
            self.line,
            self.sql,
            self.seconds,
            locks,
            self._with(Work.REWRITE),
            self._with(Work.SCAN),
            self._with(Work.INDEX_BUILD),
            self.written,
            self.began - started,
            self.facts,
        )

    def _with(self, work: Work) -> tuple[Relation, ...]:
        return tuple(fact.relation for fact in self.facts if fact.work is work)


def trace(
    connection: Connection[Any],
    script: Script,
    *,
    substitute: Callable[[str], str | None] = lambda sql: None,
    probe: LockProbe | None = None,
    counts_wal: bool = True,
) -> LockTrace:
    """Run a whole script, transaction by transaction as its tool would; raises StatementFailed where it stops.

    `substitute` may give other SQL to run in place of a statement: a stand-in for an extension. A `probe` asks from
    another session, just before each commit, whom the locks keep waiting. WAL is counted for the whole server, so it
    tells something only where nobody else writes (`counts_wal`).
    """
    return _Tracer(connection, substitute, probe, counts_wal).run(script)


def run_through(
    connection: Connection[Any], script: Script, substitute: Callable[[str], str | None] = lambda sql: None
) -> LockTrace:
    """Run a whole script in the same transactions, without looking; the trace has no statements."""
    return Runner(connection, substitute).run(script)


@dataclass
class Runner:
    """Sends a script as its tool would."""

    connection: Connection[Any]
    substitute: Callable[[str], str | None]
    began: float = field(default_factory=time.monotonic, kw_only=True)

    def run(self, script: Script) -> LockTrace:
        """Transaction by transaction; raises StatementFailed."""
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
            self._send(command)
        except psycopg.Error as error:  # a deferred constraint speaks at COMMIT
            raise self._failed(command, fragment.source.position(fragment.start).line, error) from error

    def _send(self, command: str) -> None:
        self.connection.execute(command.encode())

    def _run(self, sql: str, line: int) -> None:
        try:
            self.connection.execute((self.substitute(sql) or sql).encode())
        except psycopg.Error as error:
            raise self._failed(sql, line, error) from error

    def _trace(self) -> LockTrace:
        return LockTrace(time.monotonic() - self.began)

    def _failed(self, sql: str, line: int, error: psycopg.Error) -> StatementFailed:
        if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE and not self.connection.closed:
            self.connection.execute("ROLLBACK")
        return StatementFailed(sql, line, error, self._trace())


@dataclass
class _Tracer(Runner):
    """Looks at every stop."""

    probe: LockProbe | None
    counts_wal: bool
    done: list[TracedStatement] = field(default_factory=list)
    open: list[_Draft] = field(default_factory=list)
    held: dict[int, frozenset[LockMode]] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    seen: Look | None = None

    def _send(self, command: str) -> None:
        if command == "BEGIN":
            self.seen = begin(self.connection, self._look())
            return
        self._ask_who_waits(self.held, time.monotonic())
        super()._send(command)
        self._close_transaction()

    def _run(self, sql: str, line: int) -> None:
        before = self._look()
        began = time.monotonic()
        try:
            command, locks, after, seconds = self._execute(self.substitute(sql) or sql, before)
        except psycopg.Error as error:
            raise self._failed(sql, line, error) from error
        taken = {oid: modes - self.held.get(oid, frozenset()) for oid, modes in locks.items()}
        facts = facts_between(before, after, {oid: modes for oid, modes in taken.items() if modes}, command)
        new = frozenset(fact.relation for fact in facts)
        facts += _worked_on_again(facts_between(before, after, {**self.held, **locks}, command), new)
        self.seen, self.held = after, {**self.held, **locks}
        self.open.append(_Draft(line, sql, began, seconds, facts, new, self._written(before, after)))
        if not self._in_transaction():
            self._close_transaction()

    def _execute(self, sql: str, before: Look) -> tuple[str, LockMap, Look, float]:
        """The command tag, the locks, the map afterwards, and how many seconds the statement itself took."""
        began = time.monotonic()
        if not self._in_transaction():
            return self._alone(sql, before)
        if sql.lstrip().upper().startswith(_ENDS_IT):
            self._ask_who_waits(self.held, began)
        command = self.connection.execute(sql.encode()).statusmessage or ""
        seconds = time.monotonic() - began
        if not self._in_transaction():  # the script has ended the transaction itself
            return command, {}, look(self.connection), seconds
        if command in _LOOKED_AT_ANEW:
            before = replace(look(self.connection), scans=before.scans, written=before.written)
        return command, *look_inside(self.connection, before), seconds

    def _alone(self, sql: str, before: Look) -> tuple[str, LockMap, Look, float]:
        """A statement in a transaction of its own: kept open long enough to look, watched where it can't be."""
        before = begin(self.connection, before)
        began = time.monotonic()
        try:
            command = self.connection.execute(sql.encode()).statusmessage or ""
            seconds = time.monotonic() - began
            if command == "BEGIN":  # the script opens its own
                return command, {}, before, seconds
            if not self._in_transaction():
                return command, {}, look(self.connection), seconds
            locks, after = look_inside(self.connection, before)
            self._ask_who_waits(locks, began)
            self.connection.execute("COMMIT")
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            self.connection.execute("ROLLBACK")
            if error.sqlstate != _NOT_IN_A_TRANSACTION:
                raise
            command, locks = run_watched(self.connection, sql, before)
            return command, locks, look(self.connection), time.monotonic() - began
        if command in _LOOKED_AT_ANEW:
            after = look(self.connection)
        return command, locks, after, seconds

    def _ask_who_waits(self, held: LockMap, began: float) -> None:
        """From outside, while the locks are held: who would have to wait for them, and since when?"""
        if self.probe is None or not held or not self._in_transaction():
            return
        asked = time.monotonic()
        since = {lock.relation: draft.began for draft in reversed(self.open) for lock in draft.facts}
        for relation, (reads, writes) in self.probe.who_waits(held).items():
            self.waits.append(Wait(relation, reads, writes, asked - since.get(relation, began)))

    def _look(self) -> Look:
        return self.seen or look(self.connection)

    def _in_transaction(self) -> bool:
        return self.connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS

    def _close_transaction(self) -> None:
        now = time.monotonic()
        self.done += [draft.finished(self.began, now) for draft in self.open]
        self.open.clear()
        self.held.clear()

    def _written(self, before: Look, after: Look) -> int | None:
        return after.written - before.written if self.counts_wal else None

    def _trace(self) -> LockTrace:
        self._close_transaction()
        return LockTrace(time.monotonic() - self.began, tuple(self.done), tuple(self.waits))
