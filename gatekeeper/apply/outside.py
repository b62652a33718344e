"""A statement that must have no transaction around it, such as CREATE INDEX CONCURRENTLY.

It stands or falls before anything can be noted with it, so what came of a try is read from the catalog, where that
can be told; where not, it is not run a second time by itself.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from gatekeeper.apply import build_note
from gatekeeper.apply.backoff import gives_up, pause
from gatekeeper.apply.build_note import Index
from gatekeeper.apply.building import Building, Teller, building
from gatekeeper.apply.guard import Bookkeeping, Guard, Piece, Run
from gatekeeper.apply.named_sessions import NamedSessions
from gatekeeper.apply.refusals import LockNotAcquired, MigrationFailed, OutcomeUnknown
from gatekeeper.apply.session import MIGRATING
from gatekeeper.apply.verdict import Verdict, verdict_of
from gatekeeper.model.applied import Attempt, StatementRun
from migrations_lint.parse.concurrent import Concurrent, concurrent_of


def run_outside(guard: Guard, piece: Piece, bookkeeping: Bookkeeping) -> Run:
    """Run a batch that has no transaction.

    Raises LockNotAcquired, MigrationFailed, InvalidIndexInTheWay, OutcomeUnknown or ConnectionLost.
    """
    work = concurrent_of(piece.batch.statements[0].sql)
    tries = _Tries(guard, piece, bookkeeping, work)
    started, stalled = time.monotonic(), 0.0
    while True:
        verdict, one = tries.once()
        if verdict is Verdict.COMMITTED:
            return Run(tuple(tries.attempts))
        stalled += one.stall.worst_seconds
        rest = pause(one.stall.worst_seconds, random.random())
        if gives_up(time.monotonic() - started, stalled, rest, guard.budget):
            raise LockNotAcquired(piece.name, tries.attempts, one.blockers, left=tries.given_up())
        time.sleep(rest)


@dataclass
class _Tries:
    """The tries of one statement."""

    guard: Guard
    piece: Piece
    bookkeeping: Bookkeeping
    work: Concurrent | None
    attempts: list[Attempt] = field(default_factory=list)

    def once(self) -> tuple[Verdict, Attempt]:
        guard, (statement,) = self.guard, self.piece.batch.statements
        build = self._settle()
        began, clock = time.time(), time.monotonic()
        sessions = self._watched()
        error: psycopg.Error | None = None
        try:
            with sessions:
                self._run(build)
            self._note(build)
        except psycopg.Error as raised:
            error = raised
        seconds = time.monotonic() - clock
        verdict = self._verdict(error, sessions)
        committed = verdict is Verdict.COMMITTED
        one = Attempt(
            migration=self.piece.migration,
            transaction=self.piece.number,
            number=len(self.attempts) + 1,
            outcome=verdict.value if committed else str(error).split("\n")[0],
            began=began,
            seconds=seconds,
            waited=sessions.longest_wait,
            held=seconds,
            stall=sessions.stall,
            statements=(StatementRun(statement.line, statement.sql, began, seconds, None, 0),) if committed else (),
            blockers=sessions.blockers,
        )
        self.attempts.append(one)
        guard.keep(one)
        return verdict, one

    def given_up(self) -> Sequence[Index]:
        """What of ours stays in the database until the next run."""
        build = self._settle()
        return () if build is None else build.clear_if_quick(self.guard.target.connection)

    def _settle(self) -> Building | None:
        """A build waits without blocking anyone, for as long as it takes; nothing else waits longer than the budget."""
        target, (statement,) = self.guard.target, self.piece.batch.statements
        target.settle()
        if self.work is None:
            target.connection.execute(f"SET lock_timeout = '{self.guard.budget.max_stall * 1000:.0f}ms'".encode())
            return None
        target.connection.execute("SET statement_timeout = 0")
        digest = self.piece.batch.digest
        return building(target.connection, digest, self.work, statement.sql, self.piece.name)

    def _watched(self) -> NamedSessions:
        guard = self.guard
        teller = Teller(guard.target.connection.info.backend_pid, self._show)
        patience = guard.budget.give_up_after if self.work is not None else None
        return NamedSessions(
            guard.target.watcher, MIGRATING, guard.budget.max_stall, patience=patience, also=teller.look
        )

    def _show(self, line: str) -> None:
        self.guard.show(f"{self.piece.name}: {line}")

    def _run(self, build: Building | None) -> None:
        connection, (statement,) = self.guard.target.connection, self.piece.batch.statements
        if build is None:
            connection.execute(statement.sql.encode())
        else:
            build.run(connection)

    def _note(self, build: Building | None) -> None:
        connection = self.guard.target.connection
        with connection.transaction():
            self.bookkeeping.record(connection)
            if build is not None:
                build_note.end(connection, build.note)

    def _verdict(self, error: psycopg.Error | None, sessions: NamedSessions) -> Verdict:
        target = self.guard.target
        lost = not target.is_whole
        told = None if error is None else (error.sqlstate, str(error))
        verdict = verdict_of(told, cancelled=sessions.cancelled > 0, lost=lost)
        if verdict is Verdict.REFUSED:
            assert error is not None
            raise MigrationFailed(
                self.piece.name, self.piece.batch.statements[0], error, left=self.given_up()
            ) from error
        if lost:
            self.guard.tell(f"{self.piece.name}: the connection was lost; connecting again to see what is in place")
            target.renew()
        if verdict is not Verdict.UNKNOWN:
            return verdict
        if self.bookkeeping.is_recorded(target.connection):
            return Verdict.COMMITTED
        if self.work is None:
            raise OutcomeUnknown(self.piece.name, self.piece.batch.statements[0]) from error
        return Verdict.GAVE_WAY  # the note and the catalog tell the next try what is left of it
