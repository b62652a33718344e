"""UNIQUE over columns that are there already, with nothing that says their values differ."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, CreatesIndex, CreatesRelation, Finding, Relation, RowChange, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def unique_build_fails_on_duplicates(release: Release) -> Iterator[Finding]:
    """Silent for new tables and columns, and where the release changes rows of the table before."""
    if not release.has(CreatesIndex):
        return
    apart: set[tuple[Relation, str]] = set()
    changed: set[Relation] = set()
    for checked, statement in release.statements(AddsColumn, RowChange, CreatesRelation, CreatesIndex):
        apart |= {(added.relation, added.column.name) for added in statement.all(AddsColumn) if _differs(added)}
        changed |= {change.relation for change in statement.all(RowChange) if change.command in {"UPDATE", "DELETE"}}
        made = {created.relation for created in statement.all(CreatesRelation)}
        for index in statement.all(CreatesIndex):
            is_new = any((index.relation, column) in apart for column in index.columns)
            if (
                not index.unique
                or is_new
                or index.relation in release.new | changed | made
                or _is_implied(release, index)
            ):
                continue
            yield release.finding(
                checked,
                statement,
                f"fails if two rows of {release.sized(index.relation)} have the same {', '.join(index.columns)}"
                + (", and leaves an invalid index behind" if index.concurrently else ""),
                help="Look for duplicates first, and merge or remove them: SELECT … GROUP BY … HAVING count(*) > 1.",
                relations=(index.relation,),
                severity=Severity.NOTE,
            )


def _differs(added: AddsColumn) -> bool:
    """Whether a new column is empty, or has another value in each row; one constant for all of them is neither."""
    return added.column.default is None or added.column.volatile_default


def _is_implied(release: Release, index: CreatesIndex) -> bool:
    """Whether another unique index over some of the columns keeps the values apart already."""
    table = release.after.find(index.relation)
    others = [known for known in table.indexes if known.name != index.index] if table else []
    return any(one.unique and one.predicate is None and set(one.columns) <= set(index.columns) for one in others)
