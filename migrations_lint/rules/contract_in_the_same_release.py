"""A column added, filled from another one, and that one dropped, all in one release."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, CheckedMigration, CheckedStatement, DropsColumn, Finding, RowChange
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def contract_in_the_same_release(release: Release) -> Iterator[Finding]:
    """Said at the backfill: from there on both columns have to be written, and no released code does that."""
    added: set[tuple[object, str]] = set()
    filled: list[tuple[CheckedMigration, CheckedStatement, RowChange]] = []
    for checked, statement in release.statements():
        added |= {(one.relation, one.column.name) for one in statement.all(AddsColumn)}
        for change in statement.all(RowChange):
            if change.command == "UPDATE" and any((change.relation, name) in added for name in change.columns or ()):
                filled.append((checked, statement, change))
        for dropped in statement.all(DropsColumn):
            for maker, place, change in filled:
                if change.relation == dropped.relation and dropped.relation not in release.new:
                    yield _finding(release, maker, place, change, dropped)
            filled = [one for one in filled if one[2].relation != dropped.relation]


def _finding(
    release: Release, checked: CheckedMigration, statement: CheckedStatement, change: RowChange, dropped: DropsColumn
) -> Finding:
    new = ", ".join(change.columns or ())
    return release.finding(
        checked,
        statement,
        f"{dropped.relation}.{new} is filled and {dropped.column} dropped in one release: what the running release "
        "writes to "
        f"{dropped.column} after this is lost, and then it fails",
        help=f"This release: add {new}, and write both. The next: fill, and read {new}. The one after: drop "
        f"{dropped.column}.",
        relations=(dropped.relation,),
    )
