"""A way down that destroys rows or values which the new release may have written."""

from collections.abc import Iterator

from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    Direction,
    DropsColumn,
    DropsRelation,
    Finding,
    Relation,
    RelationKind,
    RowChange,
    Severity,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_WITH_ROWS = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})
_SHOWN = 3


@release_rule
def down_script_loses_data(release: Release) -> Iterator[Finding]:
    """Once a way down. Whether it may be lost, `gatekeeper verify` and the loss witness decide with real rows."""
    if not release.has(DropsColumn, DropsRelation, RowChange):
        return
    for checked in release.migrations:
        losses = list(_losses(checked))
        if losses:
            named = [what for _, _, what in losses[:_SHOWN]]
            more = f", and {len(losses) - _SHOWN} more" if len(losses) > _SHOWN else ""
            yield release.finding(
                checked,
                losses[0][0],
                f"rolling back destroys {', '.join(named)}{more}, also what was written since the migration ran",
                help="Roll back the application only and leave the schema; drop it later, once nothing needs it.",
                relations=tuple(dict.fromkeys(relation for _, relation, _ in losses)),
                severity=Severity.NOTE,
            )


def _losses(checked: CheckedMigration) -> Iterator[tuple[CheckedStatement, Relation, str]]:
    down = [statement for statement in checked.statements if statement.direction is Direction.DOWN]
    tables = {one.relation for statement in down for one in statement.all(DropsRelation) if one.kind in _WITH_ROWS}
    for statement in down:
        for column in statement.all(DropsColumn):
            if column.relation not in tables:
                yield statement, column.relation, f"the values of {column.relation}.{column.column}"
        for dropped in statement.all(DropsRelation):
            if dropped.kind in _WITH_ROWS:
                yield statement, dropped.relation, f"the rows of {dropped.relation}"
        for change in statement.all(RowChange):
            if change.command in {"DELETE", "TRUNCATE"} and not change.bounded:
                yield statement, change.relation, f"the rows of {change.relation}"
