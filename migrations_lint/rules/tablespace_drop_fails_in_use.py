"""DROP TABLESPACE, which fails while any database keeps something there."""

from collections.abc import Iterator

from migrations_lint.model import DropsObject, Finding, ObjectKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def tablespace_drop_fails_in_use(moment: Moment) -> Iterator[Finding]:
    """What is there, only the server knows."""
    for dropped in moment.all(DropsObject):
        if dropped.kind is ObjectKind.TABLESPACE:
            yield moment.finding(
                f"fails while a table, an index or a temporary file of any database is in {dropped.name}",
                help="Tablespaces belong to the server, not to one database: leave this to the people who run it.",
                severity=Severity.WARNING,
            )
