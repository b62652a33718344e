"""CREATE INDEX without CONCURRENTLY, on a table that is in use."""

from collections.abc import Iterator

from migrations_lint.model import AddsConstraint, CreatesIndex, Finding, RelationKind, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import build_concurrently
from migrations_lint.rules import rule


@rule
def index_build_blocks_writes(moment: Moment) -> Iterator[Finding]:
    """One finding for each index that is built while writers wait."""
    building = [lock for lock in moment.locks_on_live_tables() if lock.work is Work.INDEX_BUILD]
    for index in moment.all(CreatesIndex):
        if index.concurrently or not building or any(True for _ in moment.all(AddsConstraint)):
            continue
        partitioned = moment.kind_of(index.relation) is RelationKind.PARTITIONED_TABLE
        yield moment.finding(
            f"writes to {index.relation} wait until index {index.index.name} is built",
            help=_FOR_PARTITIONS if partitioned else _CONCURRENTLY,
            relations=(index.relation,),
            fix=build_concurrently(moment, index),
            lasting=building,
        )


_CONCURRENTLY = "Build it with CREATE INDEX CONCURRENTLY, in a migration of its own that runs outside a transaction."
_FOR_PARTITIONS = (
    "PostgreSQL refuses CONCURRENTLY on a partitioned table: create the index ON ONLY the parent, build one "
    "CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION."
)
