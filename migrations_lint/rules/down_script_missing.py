"""A migration without a way down, in a history that writes them."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsEnumValue,
    CheckedMigration,
    CheckedStatement,
    Direction,
    Finding,
    SchemaChange,
    Severity,
)
from migrations_lint.release import Release, has_way_down
from migrations_lint.rules import release_rule


@release_rule
def down_script_missing(release: Release) -> Iterator[Finding]:
    """Where most other migrations have none either, going forward only is the policy, and nothing is said."""
    if not release.past.writes_ways_down:
        return
    for checked in release.migrations:
        migration = checked.migration
        empty = migration.down is not None
        due = _has_to_be_undone(checked) if empty else any(True for _ in _up(checked))
        if due and migration.down_path is not None and not has_way_down(migration) and not checked.problems:
            is_apart = migration.down_path != migration.path
            where = migration.down_path.name if is_apart else "the way down in this file"
            where = f"{where} {'does nothing' if empty else 'is missing'}"
            yield release.finding(
                checked,
                None,
                f"there is no way back from this migration: {where}, while most others have theirs",
                help="Write it, and let `gatekeeper verify` prove it. If there is none, say so: -- gatekeeper: allow "
                "down-script-missing because …",
                severity=Severity.WARNING,
            )


def _up(checked: CheckedMigration) -> Iterator[CheckedStatement]:
    return (statement for statement in checked.statements if statement.direction is Direction.UP)


def _has_to_be_undone(checked: CheckedMigration) -> bool:
    """Whether an empty way down is too little: rows that were changed, and an enum's labels, it could not take back."""
    changes = [fact for one in _up(checked) for fact in one.facts if isinstance(fact, SchemaChange)]
    return any(not isinstance(fact, AddsEnumValue) for fact in changes)
