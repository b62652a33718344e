"""A table, view or column renamed or moved while the running release knows it by its old name."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, RelationKind, RenamesColumn, RenamesRelation
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_NOT_NAMED_BY_CODE = frozenset({RelationKind.INDEX, RelationKind.SEQUENCE})


@rule
def rename_breaks_running_code(moment: Moment) -> Iterator[Finding]:
    """Indexes and sequences are left alone: applications do not name them."""
    if moment.direction is Direction.DOWN:
        return
    for column in moment.all(RenamesColumn):
        if moment.is_live(column.relation):
            yield moment.finding(
                f"queries of the running release that name {column.relation}.{column.column} fail from here on",
                help=f"Add {column.to}, write both, fill it in batches, and drop {column.column} in a later release.",
                relations=(column.relation,),
            )
    for renamed in moment.all(RenamesRelation):
        if renamed.kind not in _NOT_NAMED_BY_CODE and moment.is_live(renamed.relation):
            yield moment.finding(
                f"queries of the running release that name {renamed.relation} fail from here on",
                help=f"In the same transaction, CREATE VIEW {renamed.relation} AS SELECT * FROM {renamed.to}, and drop "
                "the view in a later release.",
                relations=(renamed.relation,),
            )
