"""PRIMARY KEY USING INDEX over a column that may be NULL: the index is there, the scan is not spared."""

from collections.abc import Iterator

from migrations_lint.dialect import listed
from migrations_lint.model import AddsConstraint, ConstraintKind, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def primary_key_scan_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """PostgreSQL makes the columns NOT NULL on the way, and reads every row for it."""
    scanning = tuple(moment.locks_on_live_tables(Work.SCAN))
    for added in moment.all_on_live(AddsConstraint):
        key = added.constraint
        if key.kind is not ConstraintKind.PRIMARY_KEY or key.using_index is None or not scanning:
            continue
        yield moment.finding(
            f"reads and writes of {added.relation} wait while every row is checked for a NULL in "
            f"{listed(key.columns)}: index {key.using_index} is there, but its columns are not NOT NULL",
            help="Make them NOT NULL first, beside traffic: see not-null-scan-blocks-reads.",
            relations=(added.relation,),
            lasting=scanning,
        )
