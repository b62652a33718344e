"""A table, column, type or other object renamed or moved while the running release knows it by its old name."""

from collections.abc import Iterator

from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    Finding,
    ObjectKind,
    RelationKind,
    RenamesColumn,
    RenamesEnumValue,
    RenamesObject,
    RenamesRelation,
    Severity,
)
from migrations_lint.recipes import view_under_old_name
from migrations_lint.release import Release, is_made_again
from migrations_lint.rules import release_rule
from migrations_lint.ways import WRITTEN, column_behind_view, table_behind_view

_NOT_NAMED_BY_CODE = frozenset({RelationKind.INDEX, RelationKind.SEQUENCE})
_NAMED = frozenset({ObjectKind.DOMAIN, ObjectKind.FUNCTION, ObjectKind.SCHEMA, ObjectKind.TYPE})


@release_rule
def rename_breaks_running_code(release: Release) -> Iterator[Finding]:
    """Indexes, sequences and constraints are left alone: applications do not name them."""
    for checked, statement in release.statements(RenamesColumn, RenamesRelation, RenamesEnumValue, RenamesObject):
        for column in statement.all(RenamesColumn):
            if release.is_live(column.relation):
                yield _of_column(release, checked, statement, column)
        for renamed in statement.all(RenamesRelation):
            gone = renamed.kind not in _NOT_NAMED_BY_CODE and not renamed.along and release.is_live(renamed.relation)
            if gone and not is_made_again(checked, statement, renamed.relation):
                yield _of_relation(release, checked, statement, renamed)
        for label in statement.all(RenamesEnumValue):
            yield _of_label(release, checked, statement, label)
        for other in statement.all(RenamesObject):
            if other.kind in _NAMED:
                yield _of_object(release, checked, statement, other)


def _of_column(release: Release, checked: CheckedMigration, at: CheckedStatement, column: RenamesColumn) -> Finding:
    return release.finding(
        checked,
        at,
        f"queries of the running release that name {column.relation}.{column.column} fail from here on",
        help=f"{column_behind_view(column.relation, column.column, column.to)} {WRITTEN}",
        relations=(column.relation,),
        severity=Severity.ERROR,
    )


def _of_relation(release: Release, checked: CheckedMigration, at: CheckedStatement, fact: RenamesRelation) -> Finding:
    return release.finding(
        checked,
        at,
        f"queries of the running release that name {fact.relation} fail from here on",
        help=f"{table_behind_view(fact.relation, fact.to)} {WRITTEN}",
        relations=(fact.relation,),
        severity=Severity.ERROR,
        fix=view_under_old_name(at, fact),
    )


def _of_label(release: Release, checked: CheckedMigration, at: CheckedStatement, fact: RenamesEnumValue) -> Finding:
    return release.finding(
        checked,
        at,
        f"the running release fails where it writes or compares with '{fact.label}' of {fact.type}, and does not know "
        f"'{fact.to}' that it reads from here on",
        help=f"ADD VALUE '{fact.to}', let the new release write it and read both, change the old rows in batches; the "
        "old label may stay.",
        severity=Severity.ERROR,
    )


def _of_object(release: Release, checked: CheckedMigration, at: CheckedStatement, fact: RenamesObject) -> Finding:
    what = fact.kind.value.lower()
    is_schema = fact.kind is ObjectKind.SCHEMA
    return release.finding(
        checked,
        at,
        f"queries of the running release that name {what} {fact.name} fail from here on",
        help=f"Make {what} {fact.to} beside it, and drop {fact.name} in a later release."
        if not is_schema
        else f"Make schema {fact.to} with views over the tables of {fact.name}, and move them in a later release.",
        severity=Severity.ERROR if is_schema else Severity.WARNING,
    )
