"""A script as the transactions in which it runs: what goes in one, what has to stand alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from gatekeeper.errors import GatekeeperError
from migrations_lint.model import Migration, Script, Statement
from migrations_lint.parse import parse

# The budget decides how long we wait for a lock, not the number that a file brings along.
_OURS_TO_SET = frozenset({"lock_timeout", "idle_in_transaction_session_timeout"})


class CannotApply(GatekeeperError):
    """A migration of which a part could not be read; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Statements that share one transaction, or one that must have none."""

    statements: tuple[str, ...]
    in_transaction: bool


def batches_of(migration: Migration) -> tuple[Batch, ...]:
    """The way up in batches; raises CannotApply for what could not be read, and for a script's own BEGIN."""
    for problem in migration.problems:
        raise CannotApply(
            f"{problem.path}:{problem.line}: {problem.message}",
            next_step="Apply it with its own tool, or mend what is named; nothing was changed.",
        )
    return tuple(_batches(migration.up))


def _batches(script: Script) -> Iterator[Batch]:
    together: list[str] = []
    for fragment in script.fragments:
        if fragment.begins_anew and together:
            yield Batch(tuple(together), in_transaction=True)
            together = []
        parsed = parse(fragment)
        for error in parsed.errors:
            line = fragment.source.position(fragment.in_file(error.offset)).line
            raise CannotApply(
                f"{fragment.source.path}:{line}: {error.problem}", next_step="Correct the SQL; nothing was changed."
            )
        for statement in parsed.statements:
            if statement.kind == "transaction_stmt":
                raise CannotApply(
                    f"{fragment.source.path}:{statement.begins.line}: the script opens or ends transactions itself",
                    next_step="Leave BEGIN and COMMIT to gatekeeper, or apply it with its own tool.",
                )
            if _is_ours(statement):
                continue
            if fragment.in_transaction:
                together.append(statement.sql)
                continue
            if together:
                yield Batch(tuple(together), in_transaction=True)
                together = []
            yield Batch((statement.sql,), in_transaction=False)
    if together:
        yield Batch(tuple(together), in_transaction=True)


def _is_ours(statement: Statement) -> bool:
    return statement.kind == "variable_set_stmt" and statement.node.name in _OURS_TO_SET
