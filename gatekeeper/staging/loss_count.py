"""Counts on a live database what a way down would destroy now: read-only, of one moment, and never for long."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.apply.session import session
from gatekeeper.model.proof import Loss, LossWitness

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
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, value in (
            ("statement_timeout", _milliseconds(statement_timeout)),
            ("lock_timeout", _milliseconds(_LOCK_WAIT)),
            ("row_security", "off"),
        ):
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        return tuple(_counted(connection, loss) for loss in losses)


def _counted(connection: Connection[Any], loss: Loss) -> LossWitness:
    try:
        with connection.transaction():
            row = connection.execute(loss.witness.encode()).fetchone()
    except psycopg.OperationalError:
        if connection.broken:
            raise
        return LossWitness(loss, None, "it took too long, or a lock was not to be had")
    except psycopg.Error as error:
        return LossWitness(loss, None, str(error).strip().partition("\n")[0])
    return LossWitness(loss, row[0] if row else None)


def _milliseconds(time: timedelta) -> str:
    return str(round(time.total_seconds() * 1000))
