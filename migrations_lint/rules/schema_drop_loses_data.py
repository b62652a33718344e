"""DROP SCHEMA or DROP DATABASE."""

from collections.abc import Iterator

from migrations_lint.model import Direction, DropsObject, Finding, ObjectKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def schema_drop_loses_data(moment: Moment) -> Iterator[Finding]:
    """Without CASCADE a schema that holds anything stays, and the migration fails."""
    if moment.direction is Direction.DOWN:
        return
    for dropped in moment.all(DropsObject):
        if dropped.kind is ObjectKind.DATABASE:
            yield moment.finding(
                f"database {dropped.name} is gone with all that it holds",
                help="Leave that to the people who run the server: a migration that does it does it wherever it runs.",
            )
        elif dropped.kind is ObjectKind.SCHEMA:
            held = [str(name) for name in moment.before.tables if name.schema == dropped.name]
            what = ", ".join(held) or "whatever it holds"
            yield moment.finding(
                f"{what} {'is' if len(held) < 2 else 'are'} gone with schema {dropped.name}"
                if dropped.cascade
                else f"fails if schema {dropped.name} holds anything",
                help="Drop what it holds by name, each in the release after the last that used it; then the empty "
                "schema.",
                severity=Severity.ERROR if dropped.cascade or held else Severity.NOTE,
            )
