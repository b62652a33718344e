"""A history that is not one line any more: two ends, a released file edited, a late arrival before what has run."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Migration, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def history_branches(release: Release) -> Iterator[Finding]:
    """What was released, and in which order, is known only with `--since`."""
    for checked in release.migrations:
        for message, way_out, severity in _faults(checked.migration):
            yield release.finding(checked, None, message, help=way_out, severity=severity)


def _faults(migration: Migration) -> Iterator[tuple[str, str, Severity]]:
    if migration.other_heads:
        yield (
            f"the history has further ends beside this one: {', '.join(migration.other_heads)}; the tool cannot tell "
            "which "
            "comes last",
            "Merge them (`alembic merge heads`), or let this one follow the other.",
            Severity.ERROR,
        )
    if migration.edited_since is not None:
        yield (
            f"was released before {migration.edited_since} and has been edited since: databases that have run it keep "
            "the old "
            "form, new ones get this",
            "Restore it, and write a new migration for the change.",
            Severity.ERROR,
        )
    if migration.overtakes:
        yield (
            f"runs before {', '.join(migration.overtakes)}, which may have run already: there it comes after, or not "
            "at all",
            "Give it the highest number.",
            Severity.WARNING,
        )
