"""USING INDEX under another name: the index is renamed."""

from collections.abc import Iterator

from migrations_lint.model import AddsConstraint, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def constraint_using_index_locks_briefly(moment: Moment) -> Iterator[Finding]:
    """The lock is as brief as any; what surprises is the new name."""
    if moment.direction is Direction.DOWN:
        return
    for added in moment.all_on_live(AddsConstraint):
        constraint = added.constraint
        if constraint.using_index is None or constraint.using_index == constraint.name:
            continue
        yield moment.finding(
            f"index {constraint.using_index} of {added.relation} is called {constraint.name} from here on; the lock is "
            "ACCESS EXCLUSIVE, but brief",
            help=f"Call the constraint {constraint.using_index} if anything names the index.",
            relations=(added.relation,),
            severity=Severity.NOTE,
        )
