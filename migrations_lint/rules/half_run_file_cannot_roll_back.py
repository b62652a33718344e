"""A file without a transaction that does more than one thing: a failure leaves the first done and unrecorded."""

from collections.abc import Iterator

from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    Direction,
    Finding,
    NeedsNoTransaction,
    RowChange,
    SchemaChange,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_GUARDS = ("if_exists", "if_not_exists", "or_replace")


@release_rule
def half_run_file_cannot_roll_back(release: Release) -> Iterator[Finding]:
    """Said once a file, at the first statement that would be found done already when the file is run again."""
    if not release.has(NeedsNoTransaction):
        return
    for checked in release.migrations:
        outside = [one for one in checked.statements if one.direction is Direction.UP and one.transaction is None]
        changing = [one for one in outside if _changes(one)]
        if len(changing) < 2 or not any(True for one in outside for _ in one.all(NeedsNoTransaction)):
            continue
        first = next((one for one in changing[:-1] if not _may_run_again(one)), None)
        if first is not None:
            yield _finding(release, checked, first)


def _finding(release: Release, checked: CheckedMigration, first: CheckedStatement) -> Finding:
    return release.finding(
        checked,
        first,
        "if a later statement of this file fails, this one stays done, its tool has not recorded the migration, and "
        "running it again fails here",
        help="Give the statement that needs no transaction a migration of its own, or write IF [NOT] EXISTS so that "
        "everything before it may run twice.",
    )


def _changes(one: CheckedStatement) -> bool:
    return any(isinstance(fact, SchemaChange | RowChange) for fact in one.facts)


def _may_run_again(one: CheckedStatement) -> bool:
    """Whether its text guards it; an UPDATE or DELETE finds nothing left to do."""
    return any(
        (isinstance(fact, RowChange) and fact.command in {"UPDATE", "DELETE"})
        or any(getattr(fact, guard, False) for guard in _GUARDS)
        for fact in one.facts
    )
