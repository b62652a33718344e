"""Counts on a live database what a way down would destroy now: read-only, of one moment, and never for long."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.apply.bookkeeping import Bookkeeping, bookkeeping_of
from gatekeeper.apply.session import DatabaseUnreachable, session
from gatekeeper.model.proof import Loss, LossWitness, RollbackProof, VerifyReport
from migrations_lint.model import Migration

APPLICATION = "gatekeeper witness"
_LOCK_WAIT = timedelta(seconds=1)


def count_losses(url: str, losses: Iterable[Loss], statement_timeout: timedelta) -> tuple[LossWitness, ...]:
    """Each loss with its number of rows on the database at `url`; None, and why, where it could not be counted.

    All are counted in one snapshot. A role that sees only some of the rows (row level security) gets no number, for it
    would be too small. Raises DatabaseUnreachable.
    """
    with session(url, APPLICATION) as connection:
        return witness(connection, losses, statement_timeout)


def witness(
    connection: Connection[Any], losses: Iterable[Loss], statement_timeout: timedelta
) -> tuple[LossWitness, ...]:
    """The same in a session that is open already, and in autocommit mode."""
    with _one_moment(connection, statement_timeout):
        return tuple(_counted(connection, loss) for loss in losses)


def with_counts(
    report: VerifyReport, url: str, history: Sequence[Migration], statement_timeout: timedelta
) -> VerifyReport:
    """The report, each loss of which was counted on the database at `url`, all in one snapshot.

    What a database with bookkeeping says it does not have is not counted: its way down will not run there. Raises
    DatabaseUnreachable.
    """
    with session(url, APPLICATION) as connection, _one_moment(connection, statement_timeout):
        kept = _bookkeeping(connection, history)
        there = {migration.path for migration in kept.applied} if kept and kept.tables else None
        proofs = []
        for proof in report.proofs:
            is_there = there is None or proof.path in there
            counted = (_counted(connection, loss) if is_there else _not_due(proof, loss) for loss in proof.loss)
            proofs.append(replace(proof, counted=tuple(counted)))
        return replace(report, proofs=tuple(proofs))


@contextlib.contextmanager
def _one_moment(connection: Connection[Any], statement_timeout: timedelta) -> Iterator[None]:
    """A transaction in which nothing can be written, no query runs for long, and all see the same rows."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, value in (
            ("statement_timeout", _milliseconds(statement_timeout)),
            ("lock_timeout", _milliseconds(_LOCK_WAIT)),
            ("row_security", "off"),
        ):
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield


def _bookkeeping(connection: Connection[Any], history: Sequence[Migration]) -> Bookkeeping | None:
    """None where the role may not read it: then everything is counted."""
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
        return bookkeeping_of(connection, history)
    return None


def _not_due(proof: RollbackProof, loss: Loss) -> LossWitness:
    return LossWitness(loss, None, f"{proof.id} is not applied there", is_due=False)


def _counted(connection: Connection[Any], loss: Loss) -> LossWitness:
    try:
        with connection.transaction():
            row = connection.execute(loss.witness.encode()).fetchone()
    except psycopg.OperationalError as error:
        if connection.broken:
            raise DatabaseUnreachable(
                "the database hung up while it was asked what a way down would destroy",
                seen=[str(error).strip().partition("\n")[0]],
                next_step="Run the same command again; nothing was changed.",
            ) from error
        return LossWitness(loss, None, "it took too long, or a lock was not to be had")
    except psycopg.Error as error:
        return LossWitness(loss, None, _without_data(error))
    return LossWitness(loss, row[0] if row else None)


def _without_data(error: psycopg.Error) -> str:
    """Why it could not be counted. Class 22 quotes the value that it stumbled over: only its name is told."""
    if (error.sqlstate or "").startswith("22"):
        return f"a value cannot be tested: {type(error).__name__} (SQLSTATE {error.sqlstate})"
    return error.diag.message_primary or str(error).strip().partition("\n")[0]


def _milliseconds(time: timedelta) -> str:
    return str(round(time.total_seconds() * 1000))
