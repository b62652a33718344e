"""DROP TABLE of a partition: ACCESS EXCLUSIVE on its parent and on the default partition as well."""

from collections.abc import Iterator

from migrations_lint.model import DropsRelation, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def partition_drop_locks_parent(moment: Moment) -> Iterator[Finding]:
    """Silent where the parent goes too."""
    gone = {dropped.relation for dropped in moment.all(DropsRelation)}
    for dropped in moment.all(DropsRelation):
        table = moment.before.find(dropped.relation)
        parent = table.partition_of if table is not None else None
        if parent is None or parent in gone or not moment.is_live(parent):
            continue
        yield moment.finding(
            f"reads and writes of {parent} and all its partitions wait for {dropped.relation} to be dropped",
            help=f"First {moment.dialect.detach_partition(parent, dropped.relation)}, {moment.dialect.outside}; then "
            "drop it, which no longer concerns the rest.",
            relations=(parent, dropped.relation),
            severity=Severity.WARNING,
        )
