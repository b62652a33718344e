"""UPDATE or DELETE of a whole table in one statement."""

from collections.abc import Iterator

from migrations_lint.model import Finding, LockFact, RowChange, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def update_touches_every_row(moment: Moment) -> Iterator[Finding]:
    """Every row stays locked until the commit, and each one leaves a dead version behind."""
    for change in () if moment.is_backfill else moment.all(RowChange):
        if change.command in {"UPDATE", "DELETE"} and not change.bounded and moment.is_live(change.relation):
            yield moment.finding(
                f"{change.command} of every row of {change.relation}: each row stays locked until the commit, "
                "and replicas fall behind",
                help="Go through it in batches by key, committing each.",
                relations=(change.relation,),
                lasting=[lock for lock in moment.all(LockFact) if lock.work is Work.ROW_CHANGE],
                severity=Severity.WARNING,
            )
