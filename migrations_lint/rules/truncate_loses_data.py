"""TRUNCATE of a table that is in use."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, RowChange
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def truncate_loses_data(moment: Moment) -> Iterator[Finding]:
    """Every table that is named; those that CASCADE reaches are truncate-cascade-empties-other-tables."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all(RowChange):
        if change.command == "TRUNCATE" and not change.along and moment.is_live(change.relation):
            yield moment.finding(
                f"every row of {moment.sized(change.relation)} is gone, while reads and writes wait",
                help="Delete what must go in batches, or leave it to an operation with a backup of its own.",
                relations=(change.relation,),
            )
