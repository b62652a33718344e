"""DROP DEFAULT of a column that must not be NULL."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, Relation, SetsDefault, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def dropped_default_breaks_old_inserts(moment: Moment) -> Iterator[Finding]:
    """Whether the column was added by this migration or years ago: the running release may leave it to its default."""
    if moment.direction is Direction.DOWN:
        return
    dropped: dict[Relation, list[str]] = {}
    for change in moment.all_on_live(SetsDefault):
        table = moment.before.find(change.relation)
        column = table.columns.get(change.column) if table else None
        if change.default is not None or column is None or not column.not_null or column.default is None:
            continue
        if not column.default.startswith("nextval"):  # the first step from serial to identity, which fills it instead
            dropped.setdefault(change.relation, []).append(change.column)
    for relation, columns in dropped.items():
        names = ", ".join(columns)
        yield moment.finding(
            f"inserts into {relation} by the running release fail from here on where they leave {names} to "
            f"{'its default' if len(columns) == 1 else 'their defaults'}",
            help=f"{moment.dialect.kept_default(names)}.",
            relations=(relation,),
            severity=Severity.WARNING,
        )
