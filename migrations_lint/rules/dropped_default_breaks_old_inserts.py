"""DROP DEFAULT of a column that must not be NULL."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, SetsDefault, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def dropped_default_breaks_old_inserts(moment: Moment) -> Iterator[Finding]:
    """Whether the column was added by this migration or years ago: the running release may leave it to its default."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all_on_live(SetsDefault):
        table = moment.before.find(change.relation)
        column = table.columns.get(change.column) if table else None
        if change.default is not None or column is None or not column.not_null or column.default is None:
            continue
        if column.default.startswith("nextval"):
            continue  # the first step from serial to identity, which fills the column in its place
        yield moment.finding(
            f"inserts into {change.relation} by the running release fail from here on where they leave {change.column} "
            "to its default",
            help=f"Keep the default until every running release names {change.column}; drop it in a later one.",
            relations=(change.relation,),
            severity=Severity.WARNING,
        )
