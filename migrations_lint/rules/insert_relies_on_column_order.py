"""INSERT without a column list, or from SELECT *: which value goes where depends on the order of the columns."""

from collections.abc import Iterator

from migrations_lint.model import Finding, RowChange, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def insert_relies_on_column_order(moment: Moment) -> Iterator[Finding]:
    """In a table that this migration makes the order stands in the same file."""
    for change in moment.all(RowChange):
        unlisted = change.columns is None and (change.rows > 0 or change.from_query)
        if change.command != "INSERT" or not moment.is_live(change.relation) or not (unlisted or change.star):
            continue
        table = moment.before.find(change.relation)
        columns = ", ".join(table.columns) if table is not None and table.complete and table.columns else "…"
        yield moment.finding(
            f"which value goes into which column of {change.relation} depends on the order in which the columns were "
            "added, "
            "which differs where migrations ran in another order",
            help=f"List the columns: INSERT INTO {change.relation} ({columns}).",
            relations=(change.relation,),
            severity=Severity.NOTE,
        )
