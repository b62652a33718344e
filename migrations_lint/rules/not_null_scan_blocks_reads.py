"""SET NOT NULL on a column that nothing proves to be filled: every row is read under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.model import Finding, SetsNotNull, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import not_null_without_scan
from migrations_lint.rules import rule


@rule
def not_null_scan_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """Silent where a valid CHECK (column IS NOT NULL) lets PostgreSQL 12 and newer skip the scan."""
    scanned = [lock for lock in moment.locks_on_live_tables() if lock.work is Work.SCAN]
    for change in moment.all(SetsNotNull):
        if not change.required or not scanned:
            continue
        name = f"{change.relation.name}_{change.column}_not_null"
        yield moment.finding(
            f"reads and writes of {change.relation} wait while every row is checked for a NULL in {change.column}",
            help=f"Three steps, each its own migration: ADD CONSTRAINT {name} CHECK ({change.column} IS NOT NULL) "
            f"NOT VALID; VALIDATE CONSTRAINT {name}; then SET NOT NULL, which needs no scan, and drop the CHECK.",
            relations=(change.relation,),
            fix=not_null_without_scan(moment, change),
            lasting=scanned,
        )
