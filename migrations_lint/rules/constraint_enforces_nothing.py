"""NOT ENFORCED (PostgreSQL 18): a constraint that keeps nothing out."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def constraint_enforces_nothing(moment: Moment) -> Iterator[Finding]:
    """On new tables as well."""
    if moment.direction is Direction.DOWN:
        return
    for relation, constraint in moment.declared_constraints():
        if not constraint.enforced:
            yield moment.finding(
                f"{constraint.name} keeps no row out of {relation}: PostgreSQL never tries it",
                help="Leave out NOT ENFORCED; where rows that are there would break the rule, say NOT VALID instead.",
                relations=(relation,),
                severity=Severity.NOTE,
            )
