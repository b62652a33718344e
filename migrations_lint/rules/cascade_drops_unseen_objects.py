"""DROP … CASCADE: what else goes does not stand in the file."""

from collections.abc import Iterator

from migrations_lint.model import (
    Direction,
    DropsColumn,
    DropsConstraint,
    DropsObject,
    DropsRelation,
    Finding,
    ObjectKind,
    RelationKind,
    Severity,
)
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def cascade_drops_unseen_objects(moment: Moment) -> Iterator[Finding]:
    """Names what the history knows of; the server may know of more. DROP SCHEMA has a rule of its own."""
    if moment.direction is Direction.DOWN:
        return
    named = next(_named(moment), None)
    if named is None:
        return
    relations = [drop for drop in moment.all(DropsRelation) if drop.along]
    along = [str(drop.relation) for drop in relations if drop.kind is not RelationKind.SEQUENCE]
    along += [f"{drop.name} of {drop.relation}" for drop in moment.all(DropsConstraint) if drop.along]
    along += [f"{drop.relation}.{drop.column}" for drop in moment.all(DropsColumn) if drop.along]
    yield moment.finding(
        f"{', '.join(along)} {'goes' if len(along) == 1 else 'go'} with {named}, and whatever else depends on it"
        if along
        else f"whatever depends on {named} goes with it; nothing is known to, but the file does not say",
        help="Drop what depends on it by name, and leave out CASCADE: PostgreSQL then refuses to take more than that.",
        severity=Severity.WARNING if along else Severity.NOTE,
    )


def _named(moment: Moment) -> Iterator[str]:
    """What the statement drops with CASCADE, and what is not of this migration."""
    for relation in moment.all_on_live(DropsRelation):
        if relation.cascade and not relation.along:
            yield str(relation.relation)
    for column in moment.all_on_live(DropsColumn):
        if column.cascade and not column.along:
            yield f"{column.relation}.{column.column}"
    for constraint in moment.all_on_live(DropsConstraint):
        if constraint.cascade and not constraint.along:
            yield constraint.name
    for other in moment.all(DropsObject):
        if other.cascade and other.kind is not ObjectKind.SCHEMA:
            yield other.name
