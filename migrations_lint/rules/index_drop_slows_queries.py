"""The only index over a foreign key's columns is dropped."""

from collections.abc import Iterator

from migrations_lint.model import ConstraintKind, Direction, DropsIndex, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.snapshot import Table


@rule
def index_drop_slows_queries(moment: Moment) -> Iterator[Finding]:
    """Each delete of a referenced row then reads the whole table to find its references."""
    if moment.direction is Direction.DOWN:
        return
    for dropped in moment.all(DropsIndex):
        table = moment.before.find(dropped.relation) if dropped.relation else None
        if table is None or not moment.is_live(table.relation) or table.relation in moment.doomed:
            continue
        for key in table.constraints.values():
            if key.kind is ConstraintKind.FOREIGN_KEY and _is_the_only_one(table, dropped, key.columns):
                yield moment.finding(
                    f"{dropped.index.name} is the only index that begins with {', '.join(key.columns)}: each DELETE "
                    f"from {key.references}, and each change of its key, then reads all of {table.relation}",
                    help="Keep it, or build another index over the same columns first.",
                    relations=(table.relation,),
                    severity=Severity.WARNING,
                )


def _is_the_only_one(table: Table, dropped: DropsIndex, columns: tuple[str, ...]) -> bool:
    return [index.name for index in table.indexes if index.finds_by(columns)] == [dropped.index]
