"""A marked UPDATE or DELETE, batch by batch: each in a transaction of its own, with the note of how far it has come.

A crash loses at most the batch that was on its way, and the next run goes on behind the last one that committed: so
every key is gone through once. Keys that are inserted after the beginning, beyond the largest there was, are not.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import Connection, OperationalError

from gatekeeper.apply import checkpoint, pace
from gatekeeper.apply.checkpoint import Checkpoint
from gatekeeper.apply.guard import Bookkeeping, Guard, Piece, Run
from gatekeeper.apply.keys import Keys, keys_of
from gatekeeper.apply.standby_lag import StandbyLag
from gatekeeper.apply.statements import Batch, PlannedStatement
from gatekeeper.model.applied import Attempt, stall_of

_TELL_EVERY_SECONDS = 1.0
_LOOK_AT_LAG_EVERY_SECONDS = 0.5


def run_backfill(guard: Guard, piece: Piece, bookkeeping: Bookkeeping) -> Run:
    """Run it to its end from wherever it is.

    Raises KeyDoesNotFit or BackfillChanged before anything, LockNotAcquired, MigrationFailed or ConnectionLost; what
    was committed until then stays.
    """
    assert piece.batch.backfill is not None
    keys = keys_of(guard.target.connection, piece.batch.backfill)
    at = _begun(guard, piece, keys)
    attempts: list[Attempt] = []
    if at is not None:
        for ran in _Walk(guard, piece, keys, at).batches():
            attempts += ran.attempts
    with guard.target.connection.transaction():
        if at is not None:
            checkpoint.end(guard.target.connection, at)
        bookkeeping.record(guard.target.connection)
    return Run(tuple(_summed(piece, attempts)))


def _begun(guard: Guard, piece: Piece, keys: Keys) -> Checkpoint | None:
    """Where to go on; None where the table is empty."""
    connection = guard.target.connection
    found = checkpoint.checkpoint_of(connection, piece.migration, piece.number, piece.batch.digest)
    if found is not None:
        guard.tell(f"{piece.name}: going on behind the key {found.done}")
        return found
    until = keys.last(connection)
    if until is None:
        return None
    return checkpoint.begin(connection, Checkpoint(piece.migration, piece.number, piece.batch.digest, until))


@dataclass
class _Walk:
    """Goes through the keys from a checkpoint on."""

    guard: Guard
    piece: Piece
    keys: Keys
    at: Checkpoint
    _lag: StandbyLag = field(default_factory=lambda: StandbyLag(time.monotonic))

    def batches(self) -> Iterator[Run]:
        """Run one batch after the other, as fast as the others allow."""
        assert self.piece.batch.backfill is not None
        now, total = pace.begin(self.piece.batch.backfill.mark.size), self.keys.about(self.guard.target.connection)
        began, first, told = time.monotonic(), self.at.keys, time.monotonic()
        while (after := self._next(now.size)) is not None:
            self._wait_for_standbys()
            before, ran = self.at.keys, self._run(after)
            yield ran
            now = pace.after_batch(now, after.keys - before, ran.attempts[-1].held, self.guard.budget.max_stall)
            if time.monotonic() - told > _TELL_EVERY_SECONDS:
                told = time.monotonic()
                how_far = pace.Progress(after.keys, total, after.keys - first, told - began)
                self.guard.show(f"{self.piece.name}: backfill of {self.keys.table}, {how_far}")
            time.sleep(now.rest)

    def _next(self, size: int) -> Checkpoint | None:
        """Where the batch will have come that is due; None where nothing is left."""
        if self.at.done == self.at.until:
            return None
        try:
            found = self.keys.next(self.guard.target.connection, self.at, size)
        except OperationalError:
            self.guard.target.renew()
            found = self.keys.next(self.guard.target.connection, self.at, size)
        return None if found is None else replace(self.at, done=found[0], keys=self.at.keys + found[1])

    def _run(self, after: Checkpoint) -> Run:
        statement = self.piece.batch.statements[0]
        narrowed = PlannedStatement(self.keys.narrowed(self.at.done, after.done), statement.line)
        batch = Batch((narrowed,), in_transaction=True)
        ran = self.guard.run(replace(self.piece, batch=batch, later=()), _BatchNote(after))
        self.at = after
        return ran

    def _wait_for_standbys(self) -> None:
        limit, told = self.guard.terms.max_replica_lag, False
        while (behind := self._lag.seconds(self.guard.target.watcher)) > limit:
            if not told:
                self.guard.tell(f"{self.piece.name}: waiting for a standby, which is {behind:.0f} s behind")
                told = True
            time.sleep(_LOOK_AT_LAG_EVERY_SECONDS)


@dataclass(frozen=True, slots=True)
class _BatchNote:
    """The note of one batch."""

    after: Checkpoint

    def record(self, connection: Connection[Any]) -> None:
        checkpoint.advance(connection, self.after)

    def is_recorded(self, connection: Connection[Any]) -> bool:
        return checkpoint.is_at(connection, self.after)


def _summed(piece: Piece, attempts: list[Attempt]) -> Iterator[Attempt]:
    """The tries that came to nothing, and all batches together as one."""
    done = [one for one in attempts if one.statements]
    yield from (one for one in attempts if not one.statements)
    if not done:
        return
    runs = [run for one in done for run in one.statements]
    ran = replace(
        runs[0],
        sql=piece.batch.statements[0].sql,
        seconds=sum(run.seconds for run in runs),
        rows=sum(run.rows or 0 for run in runs),
        wal_bytes=sum(run.wal_bytes for run in runs),
    )
    yield replace(
        done[0],
        number=len(attempts) - len(done) + 1,
        outcome=f"committed in {len(done)} {'batch' if len(done) == 1 else 'batches'}",
        waited=sum(one.waited for one in done),
        held=max(one.held for one in done),
        stall=stall_of(done),
        statements=(ran,),
    )
