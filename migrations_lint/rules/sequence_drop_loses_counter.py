"""DROP SEQUENCE: where it had come to is forgotten."""

from collections.abc import Iterator

from migrations_lint.dialect import spelled
from migrations_lint.model import Direction, DropsRelation, Finding, RelationKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def sequence_drop_loses_counter(moment: Moment) -> Iterator[Finding]:
    """Sequences that go with their column or table are meant to."""
    if moment.direction is Direction.DOWN:
        return
    for dropped in moment.all_on_live(DropsRelation):
        if dropped.kind is RelationKind.SEQUENCE and not dropped.along:
            yield moment.finding(
                f"{dropped.relation} forgets the last number that it gave out; made again, it begins at 1",
                help=f"Note SELECT last_value FROM {spelled(dropped.relation)} first, if its numbers must never come "
                "twice.",
                relations=(dropped.relation,),
                severity=Severity.NOTE,
            )
