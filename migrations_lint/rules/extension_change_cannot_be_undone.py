"""DROP EXTENSION and ALTER EXTENSION … UPDATE: what they take or change cannot be put back."""

from collections.abc import Iterator

from migrations_lint.model import ChangesObject, Direction, DropsObject, Finding, ObjectKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def extension_change_cannot_be_undone(moment: Moment) -> Iterator[Finding]:
    """CREATE EXTENSION can be undone by DROP EXTENSION as long as nothing uses it, so it is no finding."""
    if moment.direction is Direction.DOWN:
        return
    for changed in moment.all(ChangesObject):
        if changed.kind is ObjectKind.EXTENSION and "UPDATE" in changed.what:
            yield moment.finding(
                f"extension {changed.name} has no way back to its old version",
                help=f"ALTER EXTENSION {changed.name} UPDATE TO a pinned version, in a migration of its own, tried on "
                "a copy first.",
                severity=Severity.NOTE,
            )
    for dropped in moment.all(DropsObject):
        if dropped.kind is ObjectKind.EXTENSION:
            yield moment.finding(
                f"the functions, types and tables of extension {dropped.name} go with it, and what they held",
                help="Make sure that no column, index or function uses it; leave CASCADE out, so that PostgreSQL says "
                "so.",
                severity=Severity.WARNING,
            )
