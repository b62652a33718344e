"""Why a migration did not get in, in sentences that a person can act on."""

from collections.abc import Sequence

import psycopg

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.drain import Traffic
from gatekeeper.apply.preflight import Item
from gatekeeper.apply.statements import PlannedStatement
from gatekeeper.errors import GatekeeperError, GaveWay
from gatekeeper.model.applied import Attempt, stall_of
from gatekeeper.model.blocker import Blocker

_QUIETER = "End those sessions or pick a quieter time, then run the same command again."
_HURRY = " Autovacuum yields to a role with: GRANT SET ON PARAMETER deadlock_timeout TO …; (PostgreSQL 15 and newer)"

_OUTSIDE = "at none of its statements: in our bookkeeping, or at COMMIT, where deferred constraints are checked"


class LockNotAcquired(GaveWay):
    """The migration gave way to other sessions every time, as it should, and never ran."""

    def __init__(
        self, what: str, attempts: Sequence[Attempt], blockers: Sequence[Blocker], left: Sequence[object] = ()
    ) -> None:
        """`left` are invalid indexes of its own that could not be dropped at once."""
        self.attempts, self.blockers = tuple(attempts), tuple(blockers)
        self.tries = len(self.attempts)
        self.stall = stall_of(attempts)
        tried = f"in {self.tries} {'try' if self.tries == 1 else 'tries'}" if self.tries else "without stalling others"
        changed = "nothing of it was changed" if not left else "nothing of it can be used yet"
        super().__init__(
            f"{what}: the locks were not to be had {tried}; {changed}",
            seen=[*map(str, blockers), *_left(left)],
            next_step=_QUIETER + (_HURRY if any(blocker.is_autovacuum for blocker in blockers) else ""),
        )


class TrafficTooSlow(GaveWay):
    """Ordinary transactions hold the table for longer than the budget; no try was made."""

    def __init__(self, what: str, traffic: Traffic, budget: Budget) -> None:
        self.traffic = traffic
        needed = round(traffic.drain * 1000)
        super().__init__(
            f"{what}: transactions on its tables take up to {needed} ms, and others may wait for "
            f"{budget.max_stall * 1000:.0f} ms at most; nothing was tried",
            seen=[str(blocker) for blocker in traffic.slowest],
            next_step=f"Allow `--max-stall {needed}ms`, pick a quieter time, or make those transactions shorter.",
        )


class WorkTooLong(GaveWay):
    """A statement works under its lock for longer than others may wait; trying again would only stall them again."""

    def __init__(self, what: str, attempts: Sequence[Attempt], budget: Budget) -> None:
        self.attempts, self.tries = tuple(attempts), len(attempts)
        self.stall = stall_of(attempts)
        super().__init__(
            f"{what}: it works under its locks for longer than others may wait, {budget.max_stall * 1000:.0f} ms",
            seen=[f"after {len(one.statements)} statements: {one.outcome}" for one in attempts[-1:]],
            next_step="`gatekeeper lint` names the statement and its safe form; else run it when nobody is there. "
            "Nothing of it was changed.",
        )


class PreflightStopped(GaveWay):
    """Something speaks against beginning now; nothing was changed."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = tuple(items)
        super().__init__(
            "this is no time to migrate; nothing was changed",
            seen=[str(item) for item in items],
            next_step="When that is mended or over, run the same command again.",
        )


class MigrationFailed(GatekeeperError):
    """PostgreSQL refused a statement; its transaction is rolled back."""

    exit_code = 1

    def __init__(
        self, what: str, statement: PlannedStatement | None, error: psycopg.Error, left: Sequence[object] = ()
    ) -> None:
        where = f"in line {statement.line}: {' '.join(statement.sql.split())[:160]}" if statement else _OUTSIDE
        super().__init__(
            f"{what}: {error.diag.message_primary or error} (SQLSTATE {error.sqlstate})",
            seen=[where, *_left(left)],
            next_step="Correct the migration; what was in its transaction is rolled back.",
        )


class OutcomeUnknown(GatekeeperError):
    """The connection was lost while a statement ran that is in no transaction, and the catalog does not tell of it."""

    def __init__(self, what: str, statement: PlannedStatement) -> None:
        super().__init__(
            f"{what}: the connection was lost while a statement ran outside any transaction, and it may be in place",
            seen=[f"in line {statement.line}: {' '.join(statement.sql.split())[:160]}"],
            next_step="Look whether it is. If so, take it out of the file; then run the same command again.",
        )


def _left(indexes: Sequence[object]) -> list[str]:
    return [f"left for the next run to drop: the invalid index {index}" for index in indexes]
