"""CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW: the tables they read stay locked until the commit."""

from collections.abc import Iterator

from migrations_lint.model import CreatesRelation, Finding, LockMode, RelationKind, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def table_copy_holds_locks(moment: Moment) -> Iterator[Finding]:
    """ACCESS SHARE stops no query; but ALTER TABLE waits for it, and then all queries wait behind ALTER TABLE."""
    scanned = [
        lock
        for lock in moment.locks_on_live_tables(Work.SCAN)
        if lock.mode is LockMode.ACCESS_SHARE and lock.relation_kind is not RelationKind.VIEW
    ]
    read = [lock.relation for lock in scanned]
    for made in moment.all(CreatesRelation):
        if made.from_query and read:
            is_view = made.kind is RelationKind.MATERIALIZED_VIEW
            yield moment.finding(
                f"{', '.join(map(str, read))} cannot be altered while {made.relation} is filled from it, and everybody "
                "queues behind whoever tries",
                help="CREATE MATERIALIZED VIEW … WITH NO DATA, and refresh it in a job."
                if is_view
                else "Create the table empty, and copy in batches by key, committing each.",
                relations=tuple(read),
                severity=Severity.NOTE,
                lasting=scanned,
            )
