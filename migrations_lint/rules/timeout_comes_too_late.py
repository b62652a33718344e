"""lock_timeout set after the transaction has already waited for its first strong lock."""

from collections.abc import Iterator

from migrations_lint.model import Finding, SetsParameter, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def timeout_comes_too_late(moment: Moment) -> Iterator[Finding]:
    """Only where none was in force before: shortening a timeout halfway is fine."""
    if moment.settings.timeout_set_by_runner:
        return
    for change in moment.all(SetsParameter):
        was_set = moment.session.parameter("lock_timeout") is not None
        if change.name != "lock_timeout" or change.value is None or was_set:
            continue
        taken = (lock for lock in moment.held if lock.mode.blocks_writes and moment.is_live(lock.relation))
        first = next((lock for lock in taken if not lock.created_here), None)
        if first is not None:
            yield moment.finding(
                f"lock_timeout is set after {first.relation} was locked: that lock has waited without a limit",
                help=f"Move it above the first statement that locks {first.relation}.",
                relations=(first.relation,),
                severity=Severity.WARNING,
            )
