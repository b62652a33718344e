"""Table inheritance: whatever is done to the parent is done to every child."""

from collections.abc import Iterator

from migrations_lint.model import ChangesInheritance, CreatesRelation, Direction, Finding, Relation, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def inheritance_spreads_locks(moment: Moment) -> Iterator[Finding]:
    """Partitions are not meant: those are what inheritance is no longer needed for."""
    if moment.direction is Direction.DOWN:
        return
    for child, parent in _pairs(moment):
        yield moment.finding(
            f"from here on each ALTER TABLE of {parent} locks {child} too, and queries of {parent} read it as well, "
            "while its keys and unique constraints do not hold there",
            help="PARTITION BY where the parts are of one kind; a foreign key to a common table where they are not.",
            relations=(parent,),
            severity=Severity.NOTE,
        )


def _pairs(moment: Moment) -> Iterator[tuple[Relation, Relation]]:
    for created in moment.all(CreatesRelation):
        yield from ((created.relation, parent) for parent in created.inherits)
    for change in moment.all(ChangesInheritance):
        if change.joins:
            yield change.relation, change.parent
