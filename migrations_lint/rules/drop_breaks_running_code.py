"""A column, table or view dropped while the release that is live may still name it."""

from collections.abc import Iterator

from migrations_lint.impact import in_words
from migrations_lint.model import (
    AddsColumn,
    DropsColumn,
    DropsRelation,
    Finding,
    Relation,
    RelationKind,
    Severity,
)
from migrations_lint.release import Release, is_made_again
from migrations_lint.rules import release_rule
from migrations_lint.ways import dropped_later


@release_rule
def drop_breaks_running_code(release: Release) -> Iterator[Finding]:
    """Only on the way up: taking back what the way up made is what a down script is for.

    Silent for what the release itself has made, and for views that the same transaction makes again.
    """
    if not release.has(DropsColumn, DropsRelation):
        return
    added: set[tuple[Relation, str]] = set()
    for checked, statement in release.statements(AddsColumn, DropsColumn, DropsRelation):
        added |= {(one.relation, one.column.name) for one in statement.all(AddsColumn)}
        columns: dict[Relation, list[str]] = {}
        for column in statement.all(DropsColumn):
            if release.is_live(column.relation) and (column.relation, column.column) not in added:
                columns.setdefault(column.relation, []).append(column.column)
        for relation, names in columns.items():
            yield release.finding(
                checked,
                statement,
                f"queries of the running release that name {' or '.join(f'{relation}.{name}' for name in names)} fail "
                f"from here on, and {'its' if len(names) == 1 else 'their'} data {_how_much(release, relation)}is gone",
                help=dropped_later(*names),
                relations=(relation,),
                severity=Severity.ERROR,
            )
        for dropped in statement.all(DropsRelation):
            is_named = release.is_live(dropped.relation) and dropped.kind is not RelationKind.SEQUENCE
            if not is_named or is_made_again(checked, statement, dropped.relation):
                continue
            rows = _how_much(release, dropped.relation)
            data = "" if dropped.kind is RelationKind.VIEW else f", and its data {rows}is gone"
            yield release.finding(
                checked,
                statement,
                f"queries of the running release that name {dropped.relation} fail from here on{data}",
                help=dropped_later(dropped.relation.name),
                relations=(dropped.relation,),
                severity=Severity.ERROR,
            )


def _how_much(release: Release, relation: Relation) -> str:
    size = release.size_of(relation)
    return "" if size is None or size.rows is None else f"(in {in_words(size.rows)} rows) "
