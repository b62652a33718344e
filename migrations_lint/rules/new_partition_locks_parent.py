"""CREATE TABLE … PARTITION OF a table in use: ACCESS EXCLUSIVE on the whole partitioned table."""

from collections.abc import Iterator

from migrations_lint.model import CreatesRelation, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def new_partition_locks_parent(moment: Moment) -> Iterator[Finding]:
    """ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE there, which lets reads and writes through."""
    for made in moment.all(CreatesRelation):
        parent = made.partition_of
        if parent is not None and moment.is_live(parent):
            yield moment.finding(
                f"reads and writes of {parent} and all its partitions wait for a moment: PARTITION OF takes ACCESS "
                "EXCLUSIVE "
                "on it",
                help=f"CREATE TABLE {made.relation} (LIKE {parent} INCLUDING ALL); then ALTER TABLE {parent} ATTACH "
                "PARTITION "
                f"{made.relation} …, which lets reads and writes through.",
                relations=(parent,),
                severity=Severity.NOTE,
            )
