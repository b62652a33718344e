"""DROP TRIGGER with nothing in its place in the same migration."""

from collections.abc import Iterator

from migrations_lint.model import (
    CheckedMigration,
    CreatesTrigger,
    Direction,
    DropsObject,
    DropsRelation,
    Finding,
    ObjectKind,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def trigger_drop_loses_behavior(release: Release) -> Iterator[Finding]:
    """Audit triggers have a rule of their own. A table that is dropped needs its triggers no longer."""
    for checked, statement in release.statements(DropsObject):
        for dropped in statement.all(DropsObject):
            if dropped.kind is not ObjectKind.TRIGGER or dropped.on is None or dropped.on in release.new:
                continue
            if release.settings.is_audit(dropped.name) or _replaced(checked, dropped):
                continue
            yield release.finding(
                checked,
                statement,
                f"from here on nothing does for {dropped.on} what its trigger {dropped.name} did, not even for the "
                "release that "
                "is still running",
                help="Create what takes its place in the same transaction, or drop it once no running release relies "
                "on it.",
                relations=(dropped.on,),
            )


def _replaced(checked: CheckedMigration, dropped: DropsObject) -> bool:
    up = [statement for statement in checked.statements if statement.direction is Direction.UP]
    made = any(one.relation == dropped.on for statement in up for one in statement.all(CreatesTrigger))
    return made or any(one.relation == dropped.on for statement in up for one in statement.all(DropsRelation))
