"""A statement whose effect cannot be told from its text."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity, Unknown
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def effect_unknown(moment: Moment) -> Iterator[Finding]:
    """Said, never taken for harmless."""
    for unknown in moment.all(Unknown):
        yield moment.finding(
            f"what this locks is not known: {unknown.reason}",
            help="Run `gatekeeper verify`, which watches it on a real server, or say that it is safe: "
            "-- gatekeeper: allow effect-unknown because …",
            severity=Severity.NOTE,
        )
