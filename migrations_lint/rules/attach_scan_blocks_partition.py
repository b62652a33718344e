"""ATTACH PARTITION of a table that nothing proves to fit: it is read through under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.model import AttachesPartition, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def attach_scan_blocks_partition(moment: Moment) -> Iterator[Finding]:
    """A valid CHECK that implies the bound saves the scan."""
    scanned = {lock.relation: lock for lock in moment.locks_on_live_tables(Work.SCAN)}
    for attached in moment.all(AttachesPartition):
        part = attached.partition
        if part in scanned and not attached.proved:
            yield moment.finding(
                f"reads and writes of {part} wait while every row of it is tried against the bounds of "
                f"{attached.parent}",
                help=f"ALTER TABLE {part} ADD CHECK (the bound, and key IS NOT NULL) NOT VALID; VALIDATE it in a later "
                "migration; attach; then drop the CHECK.",
                relations=(part,),
                lasting=(scanned[part],),
            )
