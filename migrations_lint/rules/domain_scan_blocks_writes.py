"""ALTER DOMAIN that tries a new rule on every table with a column of the domain."""

from collections.abc import Iterator

from migrations_lint.model import ChangesDomain, DomainChange, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_TRIES = frozenset({DomainChange.ADDS_CONSTRAINT, DomainChange.SETS_NOT_NULL, DomainChange.VALIDATES_CONSTRAINT})


@rule
def domain_scan_blocks_writes(moment: Moment) -> Iterator[Finding]:
    """VALIDATE is no gentler than the rest: SHARE on each table while it is read (PostgreSQL 12 to 18)."""
    scanning = tuple(moment.locks_on_live_tables(Work.SCAN))
    scanned = tuple(lock.relation for lock in scanning)
    for change in moment.all(ChangesDomain):
        if change.change in _TRIES and scanned:
            tables = ", ".join(map(str, scanned))
            yield moment.finding(
                f"writes to {tables} wait while every row is read: each has a column of domain {change.domain}",
                help="Say it with a CHECK on each table instead, added NOT VALID and validated later, which lets "
                "writes through; or validate in a quiet hour.",
                relations=scanned,
                lasting=scanning,
            )
