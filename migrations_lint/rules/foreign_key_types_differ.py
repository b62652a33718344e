"""A foreign key between columns of different types or collations."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsConstraint,
    Column,
    Constraint,
    CreatesRelation,
    Finding,
    Relation,
    Severity,
    declared_constraints,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule
from migrations_lint.snapshot import Table

_ALIKE = frozenset({"text", "character varying", "character"})


@release_rule
def foreign_key_types_differ(release: Release) -> Iterator[Finding]:
    """Compared as they are after the whole history, so that a later migration may still align them."""
    for checked, statement in release.statements(AddsConstraint, CreatesRelation):
        for relation, key in declared_constraints(statement.facts):
            for column, other in _pairs(release, relation, key):
                difference = _difference(column, other)
                if difference is not None:
                    yield release.finding(
                        checked,
                        statement,
                        f"{relation}.{column.name} is {difference[0]}, and {key.references}.{other.name}, which it "
                        f"refers to, is {difference[1]}: each check converts, and a value of one side may not fit "
                        "into the other",
                        help=f"Make {column.name} {difference[1]} while the table is small.",
                        relations=(relation,),
                        severity=Severity.WARNING,
                    )


def _pairs(release: Release, relation: Relation, key: Constraint) -> Iterator[tuple[Column, Column]]:
    table = release.after.find(relation)
    other = release.after.find(key.references) if key.references else None
    if table is None or other is None:
        return
    for name, referenced in zip(key.columns, key.referenced_columns or _primary_key(other), strict=False):
        if name in table.columns and referenced in other.columns:
            yield table.columns[name], other.columns[referenced]


def _primary_key(table: Table) -> tuple[str, ...]:
    return table.primary_key.columns if table.primary_key else ()


def _difference(column: Column, other: Column) -> tuple[str, str] | None:
    """Both in words; lengths are left out, since they change nothing about a comparison."""
    types = (_base(column.type), _base(other.type))
    if types[0] != types[1] and not set(types) <= _ALIKE:
        return types
    if column.collation != other.collation:
        return f"of collation {column.collation or 'default'}", f"of collation {other.collation or 'default'}"
    return None


def _base(type_name: str) -> str:
    return type_name.partition("(")[0] if not type_name.startswith("numeric") else type_name
