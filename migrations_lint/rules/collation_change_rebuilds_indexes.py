"""ALTER COLUMN … TYPE … COLLATE: the values stay, the indexes over them are built anew."""

from collections.abc import Iterator

from migrations_lint.model import ChangesColumnType, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def collation_change_rebuilds_indexes(moment: Moment) -> Iterator[Finding]:
    """Where the table is rewritten anyway, type-change-rewrites-table says so, and this rule is silent."""
    building = tuple(moment.locks_on_live_tables(Work.INDEX_BUILD))
    for change in moment.all_on_live(ChangesColumnType):
        table = moment.before.find(change.relation)
        indexes = [index.name.name for index in table.indexes if change.column in index.columns] if table else []
        column = table.columns.get(change.column) if table else None
        if change.collation is None or not indexes or not building or (column and column.collation == change.collation):
            continue
        yield moment.finding(
            f"reads and writes of {change.relation} wait while {', '.join(indexes)} {_are(indexes)} built anew in the "
            f"order of {change.collation}",
            help=f"Add a column with the collation beside {change.column}, build its indexes concurrently, and move "
            f"over; or sort with ORDER BY {change.column} COLLATE … where it matters.",
            relations=(change.relation,),
            lasting=building,
        )


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
