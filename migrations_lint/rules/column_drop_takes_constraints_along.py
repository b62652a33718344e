"""DROP COLUMN: indexes and constraints that are about other columns too go with it, without a word."""

from collections.abc import Iterator

from migrations_lint.dialect import listed
from migrations_lint.model import ConstraintKind, Direction, DropsColumn, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.snapshot import Table


@rule
def column_drop_takes_constraints_along(moment: Moment) -> Iterator[Finding]:
    """What stands on the column alone is meant to go with it; a primary key has a rule of its own."""
    if moment.direction is Direction.DOWN:
        return
    dropped = {(drop.relation, drop.column) for drop in moment.all_on_live(DropsColumn)}
    for drop in moment.all_on_live(DropsColumn):
        table = moment.before.find(drop.relation)
        others = {column for relation, column in dropped if relation == drop.relation}
        shared = list(_shared(table, drop.column, others)) if table is not None else []
        if shared:
            yield moment.finding(
                f"{' and '.join(shared)} of {drop.relation} {'goes' if len(shared) == 1 else 'go'} with {drop.column}",
                help="Drop them by name first if that is meant; build what the other columns still need beforehand.",
                relations=(drop.relation,),
                severity=Severity.WARNING,
            )


def _shared(table: Table, column: str, dropped: set[str]) -> Iterator[str]:
    for constraint in table.constraints.values():
        rest = [name for name in constraint.columns if name not in dropped]
        if column in constraint.columns and rest and constraint.kind is not ConstraintKind.PRIMARY_KEY:
            yield f"{constraint.kind.value} {constraint.name} ({listed(constraint.columns)})"
    for index in table.indexes:
        rest = [name for name in index.columns if name not in dropped]
        if column in (*index.columns, *index.included) and rest and not index.of_constraint:
            yield f"index {index.name.name} ({listed(index.columns)})"
