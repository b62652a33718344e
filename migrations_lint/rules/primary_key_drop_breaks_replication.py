"""A primary key is dropped, with or without its column, and no other takes its place."""

from collections.abc import Iterator

from migrations_lint.model import AddsConstraint, ConstraintKind, Direction, DropsColumn, DropsConstraint, Finding
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def primary_key_drop_breaks_replication(moment: Moment) -> Iterator[Finding]:
    """Silent where the same ALTER TABLE adds another primary key."""
    if moment.direction is Direction.DOWN:
        return
    gone = {(drop.relation, drop.name) for drop in moment.all(DropsConstraint)}
    columns = {(drop.relation, drop.column) for drop in moment.all(DropsColumn)}
    added = {a.relation for a in moment.all(AddsConstraint) if a.constraint.kind is ConstraintKind.PRIMARY_KEY}
    for relation in dict.fromkeys(relation for relation, _ in [*gone, *columns]):
        table = moment.before.find(relation)
        key = table.primary_key if table is not None and moment.is_live(relation) else None
        if key is None or relation in added:
            continue
        if (relation, key.name) in gone or any((relation, column) in columns for column in key.columns):
            yield moment.finding(
                f"{relation} has no primary key from here on: under logical replication each UPDATE and DELETE fails, "
                "and rows may come twice",
                help="Drop the old key and add the new one in one ALTER TABLE: DROP CONSTRAINT …, ADD CONSTRAINT … "
                "PRIMARY KEY USING INDEX ….",
                relations=(relation,),
            )
