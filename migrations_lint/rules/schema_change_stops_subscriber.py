"""A column added to, taken from or changed in a table that a publication replicates."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsColumn,
    ChangesColumnType,
    Direction,
    DropsColumn,
    Finding,
    Relation,
    RenamesColumn,
    RenamesRelation,
    Severity,
)
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def schema_change_stops_subscriber(moment: Moment) -> Iterator[Finding]:
    """Schema changes are not replicated (PostgreSQL 18, Logical Replication, Restrictions)."""
    if moment.direction is Direction.DOWN:
        return
    for relation, what, order in _changes(moment):
        if moment.before.is_published(relation) and moment.is_live(relation):
            yield moment.finding(
                f"subscribers of {relation} do not get this change, and stop at the first row that shows it: {what}",
                help=f"Make the same change on every subscriber, {order}.",
                relations=(relation,),
                severity=Severity.WARNING,
            )


def _changes(moment: Moment) -> Iterator[tuple[Relation, str, str]]:
    for added in moment.all(AddsColumn):
        yield added.relation, f"the new column {added.column.name}", "before this migration runs here"
    for dropped in moment.all(DropsColumn):
        yield dropped.relation, f"a required {dropped.column} stays empty there", "after this migration has run here"
    for renamed in moment.all(RenamesColumn):
        yield renamed.relation, f"{renamed.column} is called {renamed.to}", "at the same time, with replication paused"
    for changed in moment.all(ChangesColumnType):
        yield changed.relation, f"{changed.column} is {changed.type}", "before this migration runs here"
    for moved in moment.all(RenamesRelation):
        yield moved.relation, f"it is called {moved.to}", "at the same time, with replication paused"
