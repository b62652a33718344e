"""UNIQUE or PRIMARY KEY of a partitioned table without the column it is partitioned by, which PostgreSQL refuses."""

from collections.abc import Iterator

from migrations_lint.dialect import listed
from migrations_lint.model import AddsConstraint, Constraint, ConstraintKind, CreatesRelation, Finding, Relation
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_UNIQUE = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})


@rule
def partitioned_key_lacks_partition_column(moment: Moment) -> Iterator[Finding]:
    """Each partition has an index of its own, so that only within one can PostgreSQL tell what is unique."""
    for relation, key, constraint in _keys(moment):
        missing = [column for column in key if column not in constraint.columns and not column.startswith("(")]
        if constraint.kind in _UNIQUE and missing and not constraint.using_index:
            yield moment.finding(
                f"PostgreSQL refuses {constraint.name} on {relation}, which is partitioned by {listed(key)}: the "
                f"{constraint.kind.value} has to include {listed(missing)}",
                help=f"{constraint.kind.value.upper()} ({listed((*constraint.columns, *missing))}).",
                relations=(relation,),
            )


def _keys(moment: Moment) -> Iterator[tuple[Relation, tuple[str, ...], Constraint]]:
    for created in moment.all(CreatesRelation):
        if created.partition_key:
            yield from ((created.relation, created.partition_key, constraint) for constraint in created.constraints)
    for added in moment.all(AddsConstraint):
        table = moment.before.find(added.relation)
        if table is not None and table.partition_key:
            yield added.relation, table.partition_key, added.constraint
