"""DETACH PARTITION without CONCURRENTLY: ACCESS EXCLUSIVE on parent, partition and default."""

from collections.abc import Iterator

from migrations_lint.model import DetachesPartition, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.recipes import detach_concurrently
from migrations_lint.rules import rule

_SINCE = 14  # PostgreSQL 14 release notes: "Allow partitions to be detached in a non-blocking manner"


@rule
def detach_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """Silent where CONCURRENTLY cannot be had: before PostgreSQL 14, and beside a default partition."""
    for detached in moment.all(DetachesPartition):
        has_default = moment.before.default_partition(detached.parent) is not None
        gentle = detached.concurrently or detached.finalize
        if gentle or has_default or moment.settings.server_version < _SINCE or not moment.is_live(detached.parent):
            continue
        yield moment.finding(
            f"reads and writes of {detached.parent} and all its partitions wait for {detached.partition} to be "
            "detached",
            help=f"{moment.dialect.detach_partition(detached.parent, detached.partition)}, {moment.dialect.outside}.",
            relations=(detached.parent, detached.partition),
            severity=Severity.WARNING,
            fix=detach_concurrently(moment, detached),
        )
