"""A name longer than 63 bytes, which PostgreSQL cuts off without an error."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity, TruncatesIdentifier
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_BYTES = 63  # NAMEDATALEN - 1: PostgreSQL 18, Lexical Structure, Identifiers


@rule
def identifier_gets_truncated(moment: Moment) -> Iterator[Finding]:
    """Two long names that differ at their ends become the same one."""
    for name in dict.fromkeys(fact.identifier for fact in moment.all(TruncatesIdentifier)):
        kept = name.encode()[:_BYTES].decode(errors="ignore")
        yield moment.finding(
            f"PostgreSQL cuts {name} off after {_BYTES} bytes: the object is called {kept}",
            help="Give it a shorter name, so that code, logs and the next migration find it under the one that is "
            "written.",
            severity=Severity.WARNING,
        )
