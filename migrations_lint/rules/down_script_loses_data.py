"""A way down that destroys rows or values which the new release may have written."""

from collections.abc import Iterator

from migrations_lint.model import Direction, DropsColumn, DropsRelation, Finding, RelationKind, RowChange, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_WITH_ROWS = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@rule
def down_script_loses_data(moment: Moment) -> Iterator[Finding]:
    """What is lost is said; whether it may be, `gatekeeper verify` and the loss witness decide with real rows."""
    if moment.direction is Direction.UP:
        return
    for column in moment.all(DropsColumn):
        yield _lost(moment, f"the values of {column.relation}.{column.column}", column)
    for dropped in moment.all(DropsRelation):
        if dropped.kind in _WITH_ROWS:
            yield _lost(moment, f"the rows of {dropped.relation}", dropped)
    for change in moment.all(RowChange):
        if change.command in {"DELETE", "TRUNCATE"} and not change.bounded:
            yield _lost(moment, f"the rows of {change.relation}", change)


def _lost(moment: Moment, what: str, fact: DropsColumn | DropsRelation | RowChange) -> Finding:
    return moment.finding(
        f"rolling back destroys {what}, also those written since the migration ran",
        help="Roll back the application only and leave the schema; drop it later, once nothing needs it.",
        relations=(fact.relation,),
        severity=Severity.NOTE,
    )
