"""ALTER TYPE … ADD VALUE without a place: where the label stands depends on what was added before."""

from collections.abc import Iterator

from migrations_lint.model import AddsEnumValue, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def enum_value_order_differs(moment: Moment) -> Iterator[Finding]:
    """Only of interest where something sorts or compares by the enum."""
    for added in moment.all(AddsEnumValue):
        if not added.positioned:
            yield moment.finding(
                f"{added.label!r} becomes the last label of {added.type}: where another branch adds one too, the order "
                "differs from database to database",
                help=f"Say its place: ADD VALUE '{added.label}' AFTER '…'.",
                severity=Severity.NOTE,
            )
