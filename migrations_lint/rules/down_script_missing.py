"""A migration without a way down, in a history that writes them."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, Migration, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def down_script_missing(release: Release) -> Iterator[Finding]:
    """Where most other migrations have none either, going forward only is the policy, and nothing is said."""
    if not _writes_ways_down(release.history):
        return
    for checked in release.migrations:
        migration = checked.migration
        does = any(statement.direction is Direction.UP for statement in checked.statements)
        if does and migration.down_path is not None and not _has_way_down(migration) and not checked.problems:
            empty = migration.down is not None
            where = f"{migration.down_path.name} {'does nothing' if empty else 'is missing'}"
            yield release.finding(
                checked,
                None,
                f"there is no way back from this migration: {where}, while most others have theirs",
                help="Write it, and let `gatekeeper verify` prove it. If there is none, say so: -- gatekeeper: allow "
                "down-script-missing because …",
                severity=Severity.WARNING,
            )


def _writes_ways_down(history: tuple[Migration, ...]) -> bool:
    able = [migration for migration in history if migration.down_path is not None]
    return 2 * sum(map(_has_way_down, able)) > len(able)


def _has_way_down(migration: Migration) -> bool:
    return migration.down is not None and any(fragment.sql.strip() for fragment in migration.down.fragments)
