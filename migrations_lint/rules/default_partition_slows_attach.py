"""A default partition for a table in use: each later partition makes PostgreSQL search it."""

from collections.abc import Iterator

from migrations_lint.model import AttachesPartition, CreatesRelation, Finding, Relation, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def default_partition_slows_attach(moment: Moment) -> Iterator[Finding]:
    """A note at the time when it is decided; the scans come later."""
    for parent, part in _defaults(moment):
        if moment.is_live(parent):
            yield moment.finding(
                f"each partition that {parent} gets from here on reads {part} through, and CONCURRENTLY can detach "
                "none",
                help="Make partitions ahead of time instead, or keep the default empty.",
                relations=(parent,),
                severity=Severity.NOTE,
            )


def _defaults(moment: Moment) -> Iterator[tuple[Relation, Relation]]:
    for made in moment.all(CreatesRelation):
        if made.is_default_partition and made.partition_of is not None:
            yield made.partition_of, made.relation
    for attached in moment.all(AttachesPartition):
        if attached.is_default:
            yield attached.parent, attached.partition
