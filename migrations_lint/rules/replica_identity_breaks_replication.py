"""REPLICA IDENTITY changed: logical replication and change capture tell old rows by it."""

from collections.abc import Iterator

from migrations_lint.model import Finding, SetsTableProperty, Severity, TableProperty
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_HARM = {
    "NOTHING": "UPDATE and DELETE on it fail once it is published",
    "FULL": "each UPDATE and DELETE writes the whole old row to the log, and subscribers search for it",
}


@rule
def replica_identity_breaks_replication(moment: Moment) -> Iterator[Finding]:
    """DEFAULT, the primary key, is what consumers expect."""
    for change in moment.all(SetsTableProperty):
        if change.property is not TableProperty.REPLICA_IDENTITY or change.value in {None, "DEFAULT"}:
            continue
        harm = _HARM.get(change.value or "", f"consumers get the columns of {change.value} as the key of old rows")
        yield moment.finding(
            f"{change.relation}: {harm}",
            help="Agree on it with those who read the change stream; a primary key is the identity that all of them "
            "know.",
            relations=(change.relation,),
            severity=Severity.WARNING if change.value == "NOTHING" else Severity.NOTE,
        )
