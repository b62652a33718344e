"""CREATE UNLOGGED TABLE, or SET UNLOGGED: the rows are gone after a crash, and replicas never have them."""

from collections.abc import Iterator

from migrations_lint.model import (
    CreatesRelation,
    Direction,
    Finding,
    Relation,
    SetsTableProperty,
    Severity,
    TableProperty,
)
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def unlogged_table_empties_on_crash(moment: Moment) -> Iterator[Finding]:
    """Fine for scratch data, which is for the author to say."""
    if moment.direction is Direction.DOWN:
        return
    for relation in _unlogged(moment):
        yield moment.finding(
            f"{relation} is emptied by a crash of the server, and a replica that takes over has no rows of it",
            help="Leave UNLOGGED out unless its rows can be made again at any time.",
            relations=(relation,),
            severity=Severity.WARNING,
        )


def _unlogged(moment: Moment) -> Iterator[Relation]:
    for made in moment.all(CreatesRelation):
        if made.unlogged:
            yield made.relation
    for change in moment.all(SetsTableProperty):
        if change.property is TableProperty.LOGGED and change.value == "no":
            yield change.relation
