"""Rows of a live table changed in a migration that also changes the schema."""

from collections.abc import Iterator

from migrations_lint.model import CheckedStatement, Direction, Finding, LockMode, RowChange, Severity
from migrations_lint.release import Release
from migrations_lint.rules import opt_in, release_rule


@opt_in
@release_rule
def data_change_mixed_with_schema(release: Release) -> Iterator[Finding]:
    """Once a migration. Filling a table that the release itself makes is no mixture."""
    if not release.has(RowChange):
        return
    for checked in release.migrations:
        up = [statement for statement in checked.statements if statement.direction is Direction.UP]
        changed = [(one, change) for one in up for change in one.all(RowChange) if change.relation not in release.new]
        if changed and any(_alters(release, one) for one in up):
            statement, change = changed[0]
            yield release.finding(
                checked,
                statement,
                f"rows of {change.relation} and the schema change in one migration: they fail, lock and roll back "
                "together",
                help="Change the rows in a migration of its own.",
                relations=(change.relation,),
                severity=Severity.NOTE,
            )


def _alters(release: Release, statement: CheckedStatement) -> bool:
    strong = (
        lock for lock in statement.locks if lock.mode in {LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE}
    )
    return not any(True for _ in statement.all(RowChange)) and any(lock.relation not in release.new for lock in strong)
