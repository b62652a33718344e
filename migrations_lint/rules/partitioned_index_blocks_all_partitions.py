"""CREATE INDEX on a partitioned table: every partition is locked until the last index is built."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import CreatesIndex, Finding, RelationKind
from migrations_lint.moment import Moment
from migrations_lint.recipes import partition_by_partition
from migrations_lint.rules import rule


@rule
def partitioned_index_blocks_all_partitions(moment: Moment) -> Iterator[Finding]:
    """CONCURRENTLY is no way out: PostgreSQL refuses it on a partitioned table."""
    for index in moment.all_on_live(CreatesIndex):
        partitions = [child for child in moment.before.children(index.relation) if child.partition_of is not None]
        partitioned = moment.kind_of(index.relation) is RelationKind.PARTITIONED_TABLE
        if not partitioned or index.only or index.of_constraint or not (partitions or index.concurrently):
            continue
        message = (
            f"PostgreSQL refuses CONCURRENTLY on the partitioned table {index.relation}"
            if index.concurrently
            else f"writes to {index.relation} and its {_counted(len(partitions))} wait until the last index is built"
        )
        lasting = () if index.concurrently else tuple(moment.locks_on_live_tables())
        fix = partition_by_partition(moment, index)
        yield moment.finding(message, help=_way_out(index), relations=(index.relation,), fix=fix, lasting=lasting)


def _counted(partitions: int) -> str:
    return "partition" if partitions == 1 else f"{partitions} partitions"


def _way_out(index: CreatesIndex) -> str:
    name = quoted(index.index.name)
    return (
        f"CREATE INDEX {name} ON ONLY {spelled(index.relation)} (…), which is instant; CREATE INDEX CONCURRENTLY on "
        f"each partition, outside a transaction; then ALTER INDEX {name} ATTACH PARTITION each of them."
    )
