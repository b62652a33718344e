"""A column added, filled from another one, and that one dropped, all in one release."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsColumn,
    CheckedMigration,
    CheckedStatement,
    DropsColumn,
    Finding,
    Relation,
    RowChange,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def contract_in_the_same_release(release: Release) -> Iterator[Finding]:
    """Once a table, at its first backfill: from there on both columns have to be written, and no released code does."""
    if not release.has(DropsColumn):
        return
    added: set[tuple[Relation, str]] = set()
    filled: dict[Relation, tuple[CheckedMigration, CheckedStatement, RowChange]] = {}
    gone: dict[Relation, list[str]] = {}
    for checked, statement in release.statements(AddsColumn, RowChange, DropsColumn):
        added |= {(one.relation, one.column.name) for one in statement.all(AddsColumn)}
        for change in statement.all(RowChange):
            if change.command == "UPDATE" and any((change.relation, name) in added for name in change.columns or ()):
                filled.setdefault(change.relation, (checked, statement, change))
        for dropped in statement.all(DropsColumn):
            if dropped.relation in filled and dropped.relation not in release.new:
                gone.setdefault(dropped.relation, []).append(dropped.column)
    for relation, columns in gone.items():
        yield _finding(release, *filled[relation], columns)


def _finding(
    release: Release, checked: CheckedMigration, statement: CheckedStatement, change: RowChange, gone: list[str]
) -> Finding:
    new, old = ", ".join(change.columns or ()), ", ".join(gone)
    return release.finding(
        checked,
        statement,
        f"{change.relation}.{new} is filled and {old} dropped in one release: what the running release writes to "
        f"{old} after this is lost, and then it fails",
        help=f"This release: add {new}, and write both. The next: fill, and read {new}. The one after: drop {old}.",
        relations=(change.relation,),
    )
