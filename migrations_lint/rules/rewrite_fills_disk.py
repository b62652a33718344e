"""A rewrite of a large table: for its duration the disk holds it twice, and replicas get all of it."""

from collections.abc import Iterator

from migrations_lint.impact import in_bytes
from migrations_lint.model import Finding, LockFact, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_LARGE = 10_000_000_000  # bytes


@rule
def rewrite_fills_disk(moment: Moment) -> Iterator[Finding]:
    """Only with a snapshot of production, which knows the sizes; that others wait meanwhile, other rules say."""
    for lock in moment.locks_on_live_tables(Work.REWRITE):
        size = _bytes(moment, lock)
        if size >= _LARGE:
            yield moment.finding(
                f"rewriting {lock.relation} needs another {in_bytes(size)} of disk until the commit, and sends as much "
                "through the write-ahead log to every replica, which falls behind by that",
                help="Look at the free space and at replication slots first; better, fill a new column or table in "
                "batches.",
                relations=(lock.relation,),
                severity=Severity.WARNING,
            )


def _bytes(moment: Moment, lock: LockFact) -> int:
    size = moment.size_of(lock.relation)
    return sum((size.heap_bytes or 0, size.toast_bytes or 0, size.index_bytes or 0)) if size is not None else 0
