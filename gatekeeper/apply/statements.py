"""What runs together: a script cut into transactions, and into statements that PostgreSQL wants alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gatekeeper.errors import GatekeeperError
from migrations_lint.model import Migration, Script, Statement
from migrations_lint.outline import Piece, outline
from migrations_lint.parse import parse

_MAY_COMMIT = frozenset({"CALL", "DO"})


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements that take effect together or not at all."""

    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alone:
    """A statement that runs outside of any transaction of ours.

    A concurrent one waits without making others wait, so no lock_timeout is due.
    """

    statement: str
    is_concurrent: bool


Unit = Transaction | Alone


class CannotApply(GatekeeperError):
    """A migration that we cannot read well enough to run it under guard; refused before anything runs."""


def units_of(migration: Migration, script: Script) -> tuple[Unit, ...]:
    """The script in the order in which it runs; raises CannotApply where it cannot be cut safely.

    Settings of lock_timeout are left out: the guard chooses it anew at every try, and never above the stall budget.
    """
    units: list[Unit] = []
    for in_transaction, fragments in groupby(script.fragments, key=lambda fragment: fragment.in_transaction):
        statements = [
            statement for fragment in fragments for statement in _parsed(migration, parse(fragment).statements)
        ]
        units += _wrapped(migration, statements) if in_transaction else _unwrapped(migration, statements)
    return tuple(units)


def refuse_unreadable(migration: Migration, script: Script) -> None:
    """Raise CannotApply for a part that could not be read: what is not seen would not be run."""
    seen = [f"{problem.path}:{problem.line}: {problem.message}" for problem in migration.problems]
    for fragment in script.fragments:
        seen += [f"{migration.path}: {error}" for error in parse(fragment).errors]
    if seen:
        raise CannotApply(
            f"migration {migration.id} cannot be read as a whole; nothing was changed",
            seen=seen,
            next_step="Correct what is named, or run this migration with its own tool.",
        )


def _parsed(migration: Migration, statements: Sequence[Statement]) -> Iterator[tuple[Piece, Statement]]:
    for statement in statements:
        pieces = outline(statement.sql)
        if pieces and not _sets_lock_timeout(pieces[0]):
            yield pieces[0], statement


def _sets_lock_timeout(piece: Piece) -> bool:
    return piece.sets_lock_timeout or piece.words[:2] == ("RESET", "LOCK_TIMEOUT")


def _wrapped(migration: Migration, statements: Sequence[tuple[Piece, Statement]]) -> list[Unit]:
    for piece, statement in statements:
        if piece.opens_transaction or piece.ends_transaction:
            raise _odd_transaction(migration, statement, "stands inside the transaction that the tool opens itself")
    return [Transaction(tuple(statement.sql for _, statement in statements))] if statements else []


def _unwrapped(migration: Migration, statements: Sequence[tuple[Piece, Statement]]) -> Iterator[Unit]:
    opened: Statement | None = None
    together: list[str] = []
    for piece, statement in statements:
        if piece.opens_transaction:
            if opened is not None:
                raise _odd_transaction(migration, statement, "opens a second transaction inside the first")
            opened, together = statement, []
        elif piece.ends_transaction:
            if opened is None or piece.words[:1] not in {("COMMIT",), ("END",)}:
                raise _odd_transaction(migration, statement, "does not commit a transaction that the script has opened")
            yield Transaction(tuple(together))
            opened = None
        elif opened is not None:
            together.append(statement.sql)
        elif piece.stands_alone or piece.words[0] in _MAY_COMMIT:
            yield Alone(statement.sql, piece.is_concurrent)
        else:
            yield Transaction((statement.sql,))
    if opened is not None:
        raise _odd_transaction(migration, opened, "opens a transaction that the script never commits")


def _odd_transaction(migration: Migration, statement: Statement, problem: str) -> CannotApply:
    return CannotApply(
        f"migration {migration.id} cannot be run under guard; nothing was changed",
        seen=[f"{migration.path}:{statement.begins.line}: {statement.sql} {problem}"],
        next_step="Give the script whole transactions, each from BEGIN to COMMIT, or none at all.",
    )
