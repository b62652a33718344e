"""A script as the transactions in which it runs: what goes in one, what has to stand alone, and what it will lock."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gatekeeper.apply.demand import Demand, asked_before, demands_of
from gatekeeper.errors import GatekeeperError
from migrations_lint.backfill import Backfill, mark_above
from migrations_lint.engine import lint
from migrations_lint.model import Direction, Fact, LockFact, Migration, NeedsNoTransaction, Script, Statement
from migrations_lint.parse import parse
from migrations_lint.parse.key_range import Narrowable, narrowable
from migrations_lint.settings import LintSettings

# The budget decides how long we wait for a lock, not the number that a file brings along.
_OURS_TO_SET = frozenset({"lock_timeout", "idle_in_transaction_session_timeout"})

_BEGINS = frozenset({"BEGIN", "BEGIN WORK", "BEGIN TRANSACTION", "START TRANSACTION"})
_COMMITS = frozenset({"COMMIT", "COMMIT WORK", "COMMIT TRANSACTION", "END", "END WORK", "END TRANSACTION"})


class CannotApply(GatekeeperError):
    """A migration of which a part could not be read; nothing was changed."""


@dataclass(frozen=True, slots=True)
class PlannedStatement:
    """A statement, the line of the file where it begins, and what the linter knows of it."""

    sql: str
    line: int = 1
    facts: tuple[Fact, ...] = ()

    @property
    def locks(self) -> tuple[LockFact, ...]:
        """The locks that it takes."""
        return tuple(fact for fact in self.facts if isinstance(fact, LockFact))


@dataclass(frozen=True, slots=True)
class MarkedChange:
    """An UPDATE or a DELETE that is marked as a backfill."""

    mark: Backfill
    text: Narrowable


@dataclass(frozen=True, slots=True)
class Batch:
    """Statements that share one transaction, or one that must have none; or one that is a backfill, with its mark."""

    statements: tuple[PlannedStatement, ...]
    in_transaction: bool
    backfill: MarkedChange | None = None

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Every table that it locks, with the strongest mode."""
        return demands_of(lock for statement in self.statements for lock in statement.locks)

    @property
    def asked_before(self) -> tuple[tuple[Demand, ...], ...]:
        """For each statement, what is asked for just before it."""
        return asked_before([statement.locks for statement in self.statements])

    @property
    def digest(self) -> str:
        """The same for the same statements."""
        return hashlib.sha256("\0".join(statement.sql for statement in self.statements).encode()).hexdigest()


def planned(
    history: Sequence[Migration], due: Sequence[Migration], server_version: int
) -> tuple[tuple[Migration, tuple[Batch, ...]], ...]:
    """The batches of the migrations that are due, each statement with its facts; raises CannotApply.

    The rest of the history tells what the schema is by then.
    """
    batches = [(migration, batches_of(migration)) for migration in due]
    report = lint(history, LintSettings(server_version=server_version), selected=frozenset(one.path for one in due))
    facts: dict[tuple[Path, int, str], tuple[Fact, ...]] = {}
    for checked in report.migrations:
        for one in checked.statements:
            if one.direction is Direction.UP:
                place = (checked.migration.path, one.statement.begins.line, one.statement.sql)
                facts[place] = facts.get(place, ()) + one.facts  # what code renders may stand there twice
    return tuple(
        (migration, tuple(_with_facts(batch, migration, facts) for batch in own)) for migration, own in batches
    )


def batches_of(migration: Migration) -> tuple[Batch, ...]:
    """The way up in batches; raises CannotApply for what could not be read, and for a script's own ROLLBACK."""
    for problem in migration.problems:
        raise CannotApply(
            f"{problem.path}:{problem.line}: {problem.message}",
            next_step="Apply it with its own tool, or mend what is named; nothing was changed.",
        )
    return tuple(_batches(migration.up))


def _with_facts(batch: Batch, migration: Migration, facts: Mapping[tuple[Path, int, str], tuple[Fact, ...]]) -> Batch:
    known = tuple(replace(one, facts=facts.get((migration.path, one.line, one.sql), ())) for one in batch.statements)
    return replace(batch, statements=known, in_transaction=batch.in_transaction or _may_have_one(known))


def _may_have_one(statements: Sequence[PlannedStatement]) -> bool:
    """Whether a script that has no transaction may have one here, so that the statement and its note stand together.

    A procedure or a DO block may end transactions itself.
    """
    return not any(isinstance(fact, NeedsNoTransaction) for one in statements for fact in one.facts) and not any(
        one.sql[:4].upper() in {"CALL", "DO $", "DO '"} or not one.facts for one in statements
    )


def _batches(script: Script) -> Iterator[Batch]:
    together: list[PlannedStatement] = []
    opened = False
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
            if _is_ours(statement):
                continue
            if statement.kind == "transaction_stmt":
                opened = _opens(statement)
                if together and not opened:
                    yield Batch(tuple(together), in_transaction=True)
                    together = []
                continue
            one = PlannedStatement(statement.sql, statement.begins.line)
            backfill = _marked(statement)
            if (fragment.in_transaction or opened) and backfill is None:
                together.append(one)
                continue
            if together:
                yield Batch(tuple(together), in_transaction=True)
                together = []
            yield Batch((one,), in_transaction=backfill is not None, backfill=backfill)
    if together:
        yield Batch(tuple(together), in_transaction=True)


def _marked(statement: Statement) -> MarkedChange | None:
    """What the mark above a statement asks for; raises CannotApply for one that cannot be followed."""
    mark = mark_above(statement.fragment.sql, statement.start)
    if mark is None:
        return None
    text = narrowable(statement)
    if mark.backfill is not None and text is not None:
        return MarkedChange(mark.backfill, text)
    wrong = "is not understood" if mark.backfill is None else "stands above what is no plain UPDATE or DELETE"
    raise CannotApply(
        f"{statement.fragment.source.path}:{statement.begins.line}: the mark `{mark.text}` {wrong}",
        next_step="Write `-- gatekeeper: backfill by COLUMN in batches of 1000` above an UPDATE or a DELETE.",
    )


def _opens(statement: Statement) -> bool:
    """Whether it is a plain BEGIN, or else a plain COMMIT; raises CannotApply for everything that is neither.

    Inside a transaction of the tool's own BEGIN does nothing but warn, and COMMIT ends that one.
    """
    words, line = " ".join(statement.sql.upper().split()), statement.begins.line
    if words in _BEGINS or words in _COMMITS:
        return words in _BEGINS
    raise CannotApply(
        f"{statement.fragment.source.path}:{line}: the script steers its transactions by {statement.sql}",
        next_step="Leave that to gatekeeper, which can follow BEGIN and COMMIT, or apply it with its own tool.",
    )


def _is_ours(statement: Statement) -> bool:
    return statement.kind == "variable_set_stmt" and statement.node.name in _OURS_TO_SET
