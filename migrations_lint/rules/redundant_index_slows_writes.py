"""An index that another one makes needless."""

from collections.abc import Iterator

from migrations_lint.model import CreatesIndex, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.snapshot import Index, Table


@rule
def redundant_index_slows_writes(moment: Moment) -> Iterator[Finding]:
    """Equal to an index that is there, a prefix of it, or naming a column twice; only plain B-trees are compared."""
    if moment.direction is Direction.DOWN:
        return
    for index in moment.all(CreatesIndex):
        table = moment.before.find(index.relation)
        repeated = next((column for column in index.columns if index.columns.count(column) > 1), None)
        other = _serving(table, index) if table is not None else None
        if repeated is not None and index.plain:
            why, way_out = f"names {repeated} twice", "Name each column once."
        elif other is not None:
            why = f"serves nothing that {other.name.name} ({', '.join(other.columns)}) does not"
            way_out = f"Leave it out, or drop {other.name.name} if this one is to take its place."
        else:
            continue
        yield moment.finding(
            f"{index.index.name} {why}, and costs every write to {index.relation}",
            help=way_out,
            relations=(index.relation,),
            severity=Severity.NOTE,
        )


def _serving(table: Table, index: CreatesIndex) -> Index | None:
    if index.unique or index.predicate is not None or not index.plain or index.method != "btree" or index.included:
        return None
    return next((known for known in table.indexes if known.name != index.index and _serves(known, index)), None)


def _serves(known: Index, index: CreatesIndex) -> bool:
    comparable = known.plain and known.predicate is None and known.method == "btree"
    return comparable and known.columns[: len(index.columns)] == index.columns
