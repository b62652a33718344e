"""CREATE DOMAIN with a CHECK or NOT NULL."""

from collections.abc import Iterator

from migrations_lint.model import CreatesType, Direction, Finding, Severity, TypeKind
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def constrained_domain_is_hard_to_change(moment: Moment) -> Iterator[Finding]:
    """Nothing happens now; each later change is dear."""
    if moment.direction is Direction.DOWN:
        return
    for created in moment.all(CreatesType):
        if created.type.kind is TypeKind.DOMAIN and created.type.constrained:
            yield moment.finding(
                f"adding a column of domain {created.type.name} to a table rewrites it, and changing the domain's rule "
                "reads every table that uses it while writes wait",
                help=f"Use {created.type.base or 'the base type'}, with a CHECK on each table.",
                severity=Severity.NOTE,
            )
