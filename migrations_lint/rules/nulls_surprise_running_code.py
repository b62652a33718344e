"""DROP NOT NULL: rows without a value reach code that never had to expect one."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, SetsNotNull, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def nulls_surprise_running_code(moment: Moment) -> Iterator[Finding]:
    """Silent where the column is known to allow NULL already."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all_on_live(SetsNotNull):
        table = moment.before.find(change.relation)
        column = table.columns.get(change.column) if table else None
        if change.required or (column is not None and not column.not_null):
            continue
        yield moment.finding(
            f"the running release may read a NULL in {change.relation}.{change.column} as soon as the new one writes "
            "it",
            help="Release code that can read a NULL first, and write none before that is everywhere.",
            relations=(change.relation,),
            severity=Severity.NOTE,
        )
