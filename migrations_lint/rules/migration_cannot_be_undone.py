"""A way down that gives back the shape and not the content; a new enum label, for which there is no way down."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsColumn,
    AddsEnumValue,
    CheckedMigration,
    CheckedStatement,
    CreatesRelation,
    CreatesType,
    Direction,
    DropsColumn,
    DropsRelation,
    Finding,
    Relation,
    RelationKind,
    Severity,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_WITH_ROWS = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@release_rule
def migration_cannot_be_undone(release: Release) -> Iterator[Finding]:
    """Said where it shows: at the statement of the way down, or at the label."""
    if not release.has(DropsRelation, DropsColumn, AddsEnumValue):
        return
    for checked in release.migrations:
        gone = set(_gone(release, checked))
        down = [statement for statement in checked.statements if statement.direction is Direction.DOWN]
        for statement in down:
            for what in _given_back(statement):
                if what in gone:
                    relation, column = what
                    yield release.finding(
                        checked,
                        statement,
                        f"{relation}{'.' + column if column else ''} comes back empty: what the way up dropped is gone "
                        "for good",
                        help="Drop in a later release, when no rollback can need it; or copy the values aside first.",
                        relations=(relation,),
                    )
        yield from _labels(release, checked, down)


def _gone(release: Release, checked: CheckedMigration) -> Iterator[tuple[Relation, str]]:
    for statement in checked.statements:
        if statement.direction is Direction.UP:
            for dropped in statement.all(DropsRelation):
                if dropped.kind in _WITH_ROWS and dropped.relation not in release.new:
                    yield dropped.relation, ""
            for column in statement.all(DropsColumn):
                if column.relation not in release.new:
                    yield column.relation, column.column


def _given_back(statement: CheckedStatement) -> Iterator[tuple[Relation, str]]:
    yield from ((made.relation, "") for made in statement.all(CreatesRelation))
    yield from ((added.relation, added.column.name) for added in statement.all(AddsColumn))


def _labels(release: Release, checked: CheckedMigration, down: list[CheckedStatement]) -> Iterator[Finding]:
    if checked.migration.down_path is None and not down:
        return  # going forward only is the policy there
    made = {fact.type.name for statement in checked.statements for fact in statement.all(CreatesType)}
    for statement in checked.statements:
        for value in statement.all(AddsEnumValue):
            if statement.direction is Direction.UP and value.type not in made:
                yield release.finding(
                    checked,
                    statement,
                    f"label {value.label!r} of {value.type} stays: PostgreSQL has no way to take one away"
                    f"{', and the way down does not either' if down else ''}",
                    help="Leave it in place when rolling back; old code does not mind a label that it never writes.",
                    severity=Severity.NOTE,
                )
