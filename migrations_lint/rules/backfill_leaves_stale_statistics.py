"""A table changed as a whole, with no ANALYZE after it in the same migration."""

from collections.abc import Iterator

from migrations_lint.model import CheckedMigration, CheckedStatement, Finding, Maintains, RowChange, Severity
from migrations_lint.release import Release
from migrations_lint.rules import opt_in, release_rule

_FILLS = frozenset({"UPDATE", "INSERT", "COPY"})


@opt_in
@release_rule
def backfill_leaves_stale_statistics(release: Release) -> Iterator[Finding]:
    """Autovacuum gets there by itself, usually within minutes."""
    for checked, statement in release.statements(RowChange):
        for change in statement.all(RowChange):
            large = change.from_query or (change.command == "UPDATE" and not change.bounded) or change.command == "COPY"
            if change.command in _FILLS and large and not _analyzed(checked, statement, change):
                yield release.finding(
                    checked,
                    statement,
                    f"until autovacuum has analyzed {change.relation}, plans are made for the rows it had before",
                    help=f"ANALYZE {change.relation} afterwards.",
                    relations=(change.relation,),
                    severity=Severity.NOTE,
                )


def _analyzed(checked: CheckedMigration, statement: CheckedStatement, change: RowChange) -> bool:
    later = checked.statements[checked.statements.index(statement) + 1 :]
    works = [work for one in later if one.direction is statement.direction for work in one.all(Maintains)]
    return any("ANALYZE" in work.command and work.relation in {None, change.relation} for work in works)
