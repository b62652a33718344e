"""SET NOT NULL with nothing before it that fills the NULLs."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import Finding, Relation, RowChange, SetsNotNull, Severity, Work
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def not_null_fails_on_nulls(release: Release) -> Iterator[Finding]:
    """Silent where a CHECK or key proves the column filled, or where an UPDATE of the release fills it."""
    if not release.has(SetsNotNull):
        return
    filled: set[tuple[Relation, str]] = set()
    for checked, statement in release.statements(RowChange, SetsNotNull):
        for rows in statement.all(RowChange):
            filled |= {(rows.relation, column) for column in rows.columns or () if rows.command == "UPDATE"}
        for change in statement.all(SetsNotNull):
            scanned = any(
                lock.relation == change.relation and lock.work is not Work.INSTANT for lock in statement.locks
            )
            is_known = (change.relation, change.column) in filled or change.relation in release.new
            if not change.required or not scanned or is_known:
                continue
            table, column = spelled(change.relation), quoted(change.column)
            yield release.finding(
                checked,
                statement,
                f"fails if one row of {release.sized(change.relation)} has a NULL in {change.column}: nothing here "
                "fills them",
                help=f"Look first: SELECT count(*) FROM {table} WHERE {column} IS NULL; fill what it counts in "
                "batches.",
                relations=(change.relation,),
                severity=Severity.WARNING,
            )
