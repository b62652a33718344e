"""The audit trail loses a trigger, a table or its rows."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsColumn,
    CheckedMigration,
    CheckedStatement,
    CreatesTrigger,
    Direction,
    DropsObject,
    DropsRelation,
    Finding,
    ObjectKind,
    Relation,
    RowChange,
    Severity,
    SwitchesTrigger,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_REMOVES = frozenset({"TRUNCATE", "DELETE", "UPDATE"})


@release_rule
def audit_trail_cut(release: Release) -> Iterator[Finding]:
    """Only on the way up; a trigger made anew for the same table in the same migration carries the trail on."""
    for checked, statement in release.statements(DropsObject, SwitchesTrigger, DropsRelation, RowChange):
        for relation, what in _cuts(release, checked, statement):
            yield release.finding(
                checked,
                statement,
                f"the audit trail is cut: {what}",
                help="Put its successor in place first, in the same transaction; keep what was recorded, or move it to "
                "an archive.",
                relations=(relation,),
                severity=Severity.ERROR,
            )


def _cuts(release: Release, checked: CheckedMigration, statement: CheckedStatement) -> Iterator[tuple[Relation, str]]:
    is_audit, new = release.settings.is_audit, release.new
    for dropped in statement.all(DropsObject):
        on = dropped.on
        if (
            dropped.kind is ObjectKind.TRIGGER
            and on is not None
            and is_audit(dropped.name)
            and not _renewed(checked, on)
        ):
            yield on, f"nothing records what happens to {on} once {dropped.name} is gone"
    for switched in statement.all(SwitchesTrigger):
        if not switched.enabled and is_audit(switched.name or ""):
            yield switched.relation, f"nothing records what happens to {switched.relation} while {switched.name} is off"
    for table in statement.all(DropsRelation):
        if is_audit(table.relation.name) and table.relation not in new:
            yield table.relation, f"what {table.relation} has recorded is gone"
    for change in statement.all(RowChange):
        fills = change.command == "UPDATE" and _added(release, change) >= set(change.columns or ())
        if change.command in _REMOVES and is_audit(change.relation.name) and change.relation not in new and not fills:
            yield change.relation, f"{change.command} alters what {change.relation} has recorded"


def _added(release: Release, change: RowChange) -> set[str]:
    """The columns that the release gives the table; filling them alters no record."""
    added = (one for _, statement in release.statements(AddsColumn) for one in statement.all(AddsColumn))
    return {one.column.name for one in added if one.relation == change.relation}


def _renewed(checked: CheckedMigration, relation: Relation) -> bool:
    up = (statement for statement in checked.statements if statement.direction is Direction.UP)
    return any(made.relation == relation for statement in up for made in statement.all(CreatesTrigger))
