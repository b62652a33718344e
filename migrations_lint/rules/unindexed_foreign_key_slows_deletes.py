"""A foreign key whose columns no index begins with."""

from collections.abc import Iterator

from migrations_lint.dialect import dialect_of
from migrations_lint.model import (
    AddsConstraint,
    ConstraintKind,
    CreatesIndex,
    CreatesRelation,
    Finding,
    LockFact,
    LockMode,
    Relation,
    Severity,
    Work,
    declared_constraints,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def unindexed_foreign_key_slows_deletes(release: Release) -> Iterator[Finding]:
    """An index that comes later in the history counts."""
    for checked, statement in release.statements(AddsConstraint, CreatesRelation):
        for relation, key in declared_constraints(statement.facts):
            if key.kind is not ConstraintKind.FOREIGN_KEY:
                continue
            table = release.after.find(relation)
            known = table.constraints.get(key.name) if table is not None else None
            if (
                table is None
                or known is None
                or not key.columns
                or any(index.finds_by(key.columns) for index in table.indexes)
            ):
                continue
            name = Relation(relation.schema, "_".join([relation.name, *key.columns, "idx"]))
            index = CreatesIndex(relation, name, key.columns, unique=False, concurrently=True)
            yield release.finding(
                checked,
                statement,
                f"each DELETE from {key.references}, and each change of its key, reads all of {relation}: no index "
                f"begins with {', '.join(key.columns)}",
                help=f"If rows of {key.references} are ever deleted: "
                f"{dialect_of(checked.migration.tool).create_index(index)}.",
                relations=(relation,),
                severity=Severity.NOTE,
                # A new table is empty now, and will not stay so.
                lasting=(LockFact(relation, table.kind, LockMode.ROW_SHARE, Work.SCAN),)
                if release.is_live(relation)
                else (),
            )
