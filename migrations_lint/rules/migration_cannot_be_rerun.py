"""A script of several transactions whose first ones would fail if it were run again."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    AddsEnumValue,
    CheckedMigration,
    CheckedStatement,
    CreatesIndex,
    CreatesObject,
    CreatesRelation,
    CreatesType,
    Direction,
    DropsColumn,
    DropsConstraint,
    DropsIndex,
    DropsObject,
    DropsRelation,
    Fact,
    Finding,
    LockFact,
    NeedsNoTransaction,
    RenamesColumn,
    RenamesRelation,
    RowChange,
    SchemaChange,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_MAKES = (CreatesRelation, AddsColumn, CreatesIndex, CreatesObject, AddsEnumValue)
_TAKES = (DropsRelation, DropsColumn, DropsConstraint, DropsIndex, DropsObject)
_NEVER_TWICE = (AddsConstraint, CreatesType, RenamesColumn, RenamesRelation)


@release_rule
def migration_cannot_be_rerun(release: Release) -> Iterator[Finding]:
    """Once a script, at the first such statement. A script that is one transaction leaves nothing behind."""
    for checked in release.migrations:
        if all(one.transaction is not None for one in checked.statements if one.direction is Direction.UP):
            continue
        steps = [
            statement for statement in checked.statements if statement.direction is Direction.UP and _acts(statement)
        ]
        if not steps or any(True for step in steps for _ in step.all(NeedsNoTransaction)):
            continue
        first = next((step for step in steps if _fails_again(step) and not _is_last(step, steps)), None)
        if first is not None and any(step.transaction is None for step in steps):
            yield _finding(release, checked, first)


def _finding(release: Release, checked: CheckedMigration, first: CheckedStatement) -> Finding:
    return release.finding(
        checked,
        first,
        "if a later statement fails, this one stays committed, and running the migration again stops here",
        help="Make the script one transaction; or say IF [NOT] EXISTS, so that it can be run again.",
    )


def _acts(statement: CheckedStatement) -> bool:
    return any(isinstance(fact, LockFact | SchemaChange) for fact in statement.facts)


def _is_last(step: CheckedStatement, steps: list[CheckedStatement]) -> bool:
    """Whether nothing is committed after it."""
    last = steps[-1]
    return step is last or (step.transaction is not None and step.transaction == last.transaction)


def _fails_again(step: CheckedStatement) -> bool:
    return any(_needs_guard(fact) for fact in step.facts)


def _needs_guard(fact: Fact) -> bool:
    if getattr(fact, "inline", False) or getattr(fact, "of_constraint", False):
        return False  # part of a statement that has a fact of its own
    if isinstance(fact, _MAKES):
        return not fact.if_not_exists and not getattr(fact, "or_replace", False)
    if isinstance(fact, _TAKES):
        return not fact.if_exists and not getattr(fact, "along", False)
    return isinstance(fact, _NEVER_TWICE) or (isinstance(fact, RowChange) and fact.command == "INSERT")
