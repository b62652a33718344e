"""DETACH PARTITION … CONCURRENTLY beside a default partition: PostgreSQL refuses it."""

from collections.abc import Iterator

from migrations_lint.model import DetachesPartition, Finding
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def concurrent_detach_fails_with_default(moment: Moment) -> Iterator[Finding]:
    """SQLSTATE 55000, as ALTER TABLE of PostgreSQL 14 and newer says."""
    for detached in moment.all(DetachesPartition):
        default = moment.before.default_partition(detached.parent)
        if detached.concurrently and default is not None:
            yield moment.finding(
                f"fails: {detached.parent} has a default partition, {default.relation}, beside which CONCURRENTLY is "
                "refused",
                help=f"SET lock_timeout = '2s', then ALTER TABLE {detached.parent} DETACH PARTITION "
                f"{detached.partition}, and "
                "try again when it fires.",
                relations=(detached.parent,),
            )
