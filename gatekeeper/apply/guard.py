"""Run one batch so that nobody waits longer than the budget: short tries, long pauses, and giving way in the end.

Design (a) in short: every try is a whole transaction with a lock_timeout inside the budget; a watchdog cancels it when
someone has waited for the budget all the same; a pause follows that is several times what was stalled. There is never a
last try without a timeout.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.apply.backoff import Budget, gives_up, lock_wait, pause
from gatekeeper.apply.blockers import Blocker
from gatekeeper.apply.invalid_index import drop_left_behind, invalid_indexes
from gatekeeper.apply.statements import Batch
from gatekeeper.apply.watchdog import Watchdog
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.applied import Stall

# lock_not_available, deadlock_detected, query_canceled (our watchdog's doing)
_GIVE_WAY = frozenset({"55P03", "40P01", "57014"})
_CONCURRENT_UPDATE = "tuple concurrently updated"  # XX000: two GRANTs or comments at once


class LockNotAcquired(GatekeeperError):
    """The migration gave way to other sessions every time, as it should, and never ran."""

    exit_code = 4

    def __init__(self, what: str, tries: int, blockers: tuple[Blocker, ...], stall: Stall) -> None:
        self.tries, self.blockers, self.stall = tries, blockers, stall
        super().__init__(
            f"{what}: the locks were not to be had in {tries} tries; nothing of it was changed",
            seen=[str(blocker) for blocker in blockers],
            next_step="End those sessions or pick a quieter time, then run the same command again.",
        )


class MigrationFailed(GatekeeperError):
    """PostgreSQL refused a statement; its transaction is rolled back."""

    exit_code = 1

    def __init__(self, what: str, statement: str, error: psycopg.Error) -> None:
        super().__init__(
            f"{what}: {error.diag.message_primary or error} (SQLSTATE {error.sqlstate})",
            seen=[f"in: {' '.join(statement.split())[:160]}"],
            next_step="Correct the migration; what was in its transaction is rolled back.",
        )


@dataclass(frozen=True, slots=True)
class Run:
    """How a batch got in."""

    tries: int
    stall: Stall


def run(
    connection: Connection[Any],
    watcher: Connection[Any],
    batch: Batch,
    what: str,
    budget: Budget,
    also: Callable[[Connection[Any]], None],
) -> Run:
    """Run a batch under guard; `also` runs in its transaction, after its last statement.

    Raises LockNotAcquired when the time is up, MigrationFailed when the server refuses a statement.
    """
    started, stall, tries = time.monotonic(), Stall(), 0
    while True:
        tries += 1
        watchdog = Watchdog(watcher, connection.info.backend_pid, budget.max_stall)
        began = time.monotonic()
        try:
            with watchdog:
                _once(connection, batch, what, lock_wait(tries, budget), also)
        except _GaveWay:
            stall = stall.plus(watchdog.stall)
            rest = pause(time.monotonic() - began, random.random())
            if gives_up(time.monotonic() - started, rest, budget):
                raise LockNotAcquired(what, tries, watchdog.blockers, stall) from None
            time.sleep(rest)
        else:
            return Run(tries, stall.plus(watchdog.stall))


class _GaveWay(Exception):
    """This try is over; nothing of it stands."""


def _once(
    connection: Connection[Any], batch: Batch, what: str, wait: float, also: Callable[[Connection[Any]], None]
) -> None:
    statement = ""
    before = frozenset() if batch.in_transaction else invalid_indexes(connection)
    try:
        if batch.in_transaction:
            with connection.transaction():
                _set(connection, "lock_timeout", f"{max(int(wait * 1000), 1)}ms", local=True)
                for statement in batch.statements:
                    connection.execute(statement.encode())
                also(connection)
        else:
            # CONCURRENTLY waits without blocking anyone, so it may wait; traps 2 and 30 of its lock_timeout.
            _set(connection, "lock_timeout", "0", local=False)
            for statement in batch.statements:
                connection.execute(statement.encode())
            with connection.transaction():
                also(connection)
    except psycopg.Error as error:
        if not batch.in_transaction:
            drop_left_behind(connection, before)
        if error.sqlstate in _GIVE_WAY or _CONCURRENT_UPDATE in str(error):
            raise _GaveWay from error
        raise MigrationFailed(what, statement, error) from error


def _set(connection: Connection[Any], name: str, value: str, *, local: bool) -> None:
    command = sql.SQL("SET LOCAL {} = {}") if local else sql.SQL("SET {} = {}")
    connection.execute(command.format(sql.Identifier(name), sql.Literal(value)))
