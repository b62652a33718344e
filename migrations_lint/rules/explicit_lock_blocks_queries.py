"""LOCK TABLE in a mode that keeps others out until the commit."""

from collections.abc import Iterator

from migrations_lint.model import Finding, LocksTable, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.severity import what_waits


@rule
def explicit_lock_blocks_queries(moment: Moment) -> Iterator[Finding]:
    """With NOWAIT or a lock_timeout it is the careful way to lock several tables in one order, so it may stand."""
    for lock in moment.all(LocksTable):
        bounded = moment.lock_timeout is not None or moment.settings.timeout_set_by_runner
        if lock.mode.blocks_writes and moment.is_live(lock.relation) and not lock.nowait and not bounded:
            yield moment.finding(
                f"{what_waits(lock.mode)} of {lock.relation} wait from here to the commit, and before that for every "
                "query that is running",
                help="Leave it out where the next statement takes the lock itself; else SET LOCAL lock_timeout first, "
                "and "
                "name the weakest mode that will do.",
                relations=(lock.relation,),
                severity=Severity.WARNING,
            )
