"""A CHECK whose answer depends on more than its row."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def check_changes_its_mind(moment: Moment) -> Iterator[Finding]:
    """PostgreSQL accepts such a CHECK and assumes that it is none."""
    if moment.direction is Direction.DOWN:
        return
    for relation, constraint in moment.declared_constraints():
        if constraint.not_immutable:
            yield moment.finding(
                f"a row of {relation} that passes {constraint.name} today may fail it tomorrow, because of "
                f"{', '.join(constraint.not_immutable)}: restoring a dump or an unrelated UPDATE then fails",
                help="Check such a rule with a trigger, when the row is written.",
                relations=(relation,),
                severity=Severity.WARNING,
            )
