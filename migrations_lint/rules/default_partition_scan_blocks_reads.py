"""A partition added beside a default one: PostgreSQL reads the default through under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.model import AttachesPartition, CreatesRelation, Finding, Relation, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def default_partition_scan_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """It looks for rows that belong to the new partition."""
    scanned = {lock.relation: lock for lock in moment.locks_on_live_tables(Work.SCAN)}
    for parent, part in _added(moment):
        default = moment.before.default_partition(parent)
        if default is not None and default.relation in scanned and default.relation != part:
            yield moment.finding(
                f"reads and writes of {default.relation}, the default partition of {parent}, wait while it is read "
                f"through for rows that belong to {part}",
                help=f"ALTER TABLE {default.relation} ADD CHECK (NOT the bound of {part.name}) NOT VALID and VALIDATE "
                "it, in migrations before this one.",
                relations=(default.relation,),
                lasting=(scanned[default.relation],),
            )


def _added(moment: Moment) -> Iterator[tuple[Relation, Relation]]:
    for attached in moment.all(AttachesPartition):
        yield attached.parent, attached.partition
    for made in moment.all(CreatesRelation):
        if made.partition_of is not None:
            yield made.partition_of, made.relation
