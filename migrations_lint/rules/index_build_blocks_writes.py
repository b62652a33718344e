"""CREATE INDEX without CONCURRENTLY, on a table that is in use."""

from collections.abc import Iterator

from migrations_lint.model import CreatesIndex, Finding, RelationKind, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import build_concurrently
from migrations_lint.rules import rule


@rule
def index_build_blocks_writes(moment: Moment) -> Iterator[Finding]:
    """One finding for each index that is built while writers wait."""
    building = list(moment.locks_on_live_tables(Work.INDEX_BUILD))
    for index in moment.all(CreatesIndex):
        if index.concurrently or index.of_constraint or not building:
            continue
        if moment.kind_of(index.relation) is RelationKind.PARTITIONED_TABLE:
            continue  # partitioned-index-blocks-all-partitions
        written = moment.text.insert_after("INDEX", " CONCURRENTLY").on_one_line()
        yield moment.finding(
            f"writes to {index.relation} wait until index {index.index.name} is built",
            help=f"{moment.dialect.create_index(index, written)}, {moment.dialect.outside}.",
            relations=(index.relation,),
            fix=build_concurrently(moment, index),
            lasting=building,
        )
