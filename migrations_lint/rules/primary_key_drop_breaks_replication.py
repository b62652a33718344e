"""A primary key is dropped, with or without its column, and no other takes its place."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsConstraint,
    CheckedMigration,
    CheckedStatement,
    ConstraintKind,
    DropsConstraint,
    Finding,
    Relation,
    Severity,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def primary_key_drop_breaks_replication(release: Release) -> Iterator[Finding]:
    """Silent where the same transaction adds another primary key: nobody sees the table without one."""
    for checked, statement in release.statements(DropsConstraint):
        for dropped in statement.all(DropsConstraint):
            constraint = dropped.constraint
            is_key = constraint is not None and constraint.kind is ConstraintKind.PRIMARY_KEY
            if (
                not is_key
                or not release.is_live(dropped.relation)
                or _is_replaced(checked, statement, dropped.relation)
            ):
                continue
            yield release.finding(
                checked,
                statement,
                f"{dropped.relation} has no primary key from here on: under logical replication each UPDATE and DELETE "
                "fails, and rows may come twice",
                help="Drop the old key and add the new one in one ALTER TABLE: DROP CONSTRAINT …, ADD CONSTRAINT … "
                "PRIMARY KEY USING INDEX ….",
                relations=(dropped.relation,),
                severity=Severity.ERROR,
            )


def _is_replaced(checked: CheckedMigration, at: CheckedStatement, relation: Relation) -> bool:
    same = [
        one
        for one in checked.statements
        if one is at
        or (at.transaction is not None and (one.direction, one.transaction) == (at.direction, at.transaction))
    ]
    added = [fact for one in same for fact in one.all(AddsConstraint)]
    return any(fact.relation == relation and fact.constraint.kind is ConstraintKind.PRIMARY_KEY for fact in added)
