"""A way down after which the schema is not what it was before the way up."""

from collections.abc import Iterator

from migrations_lint.model import Finding
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def down_script_does_not_undo(release: Release) -> Iterator[Finding]:
    """By what is known of the schema; `gatekeeper verify` proves it on a server. Silent where anything is unknown."""
    for checked in release.migrations:
        if checked.not_undone:
            first, *others = checked.not_undone
            more = f", and {len(others)} more" if others else ""
            yield release.finding(
                checked,
                checked.last_down,
                f"after the way up and the way down the schema is not what it was: {first}{more}",
                help="Undo every step, the last one first; `gatekeeper verify` shows the difference on a real server.",
            )
