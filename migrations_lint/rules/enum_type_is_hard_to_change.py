"""CREATE TYPE … AS ENUM: its labels can be added and renamed, never removed."""

from collections.abc import Iterator

from migrations_lint.model import CreatesType, Finding, Severity, TypeKind
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def enum_type_is_hard_to_change(moment: Moment) -> Iterator[Finding]:
    """A matter of taste, so it is said only where it was asked for."""
    for made in moment.all(CreatesType):
        if made.type.kind is TypeKind.ENUM:
            yield moment.finding(
                f"the labels of {made.type.name} cannot be removed later without rewriting every table that uses it",
                help="Use a text column with a CHECK (column IN (…)), or a table of values with a foreign key.",
                severity=Severity.NOTE,
            )
