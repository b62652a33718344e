"""ALTER CONSTRAINT: deferrable, enforced, inherited."""

from collections.abc import Iterator

from migrations_lint.model import ChangesConstraint, Finding, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def constraint_change_locks_table(moment: Moment) -> Iterator[Finding]:
    """A foreign key's other table is locked as well; ENFORCED (PostgreSQL 18) tries every row."""
    for change in moment.all_on_live(ChangesConstraint):
        locks = [lock for lock in moment.locks_on_live_tables() if lock.mode.blocks_writes]
        if not locks:
            continue
        scans = any(lock.work is Work.SCAN for lock in locks)
        tables = " and ".join(str(lock.relation) for lock in locks)
        yield moment.finding(
            f"queries of {tables} wait while every row is tried against {change.name}"
            if scans
            else f"queries of {tables} wait for a moment while {change.name} is changed, and behind it for as long as "
            "it waits",
            help="With a lock_timeout, in a transaction of its own.",
            relations=tuple(lock.relation for lock in locks),
            lasting=locks if scans else (),
            severity=Severity.ERROR if scans else Severity.NOTE,
        )
