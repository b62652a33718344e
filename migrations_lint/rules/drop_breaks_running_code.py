"""A column, table or view dropped while the release that is live may still name it."""

from collections.abc import Iterator

from migrations_lint.model import Direction, DropsColumn, DropsRelation, Finding, RelationKind
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def drop_breaks_running_code(moment: Moment) -> Iterator[Finding]:
    """Only on the way up: taking back what the way up made is what a down script is for."""
    if moment.direction is Direction.DOWN:
        return
    for column in moment.all(DropsColumn):
        if moment.is_live(column.relation):
            yield moment.finding(
                f"queries of the running release that name {column.relation}.{column.column} fail from here on, "
                "and its data is gone",
                help="Release code that no longer uses it first; drop it in a later release.",
                relations=(column.relation,),
            )
    for dropped in moment.all(DropsRelation):
        if moment.is_live(dropped.relation) and dropped.kind is not RelationKind.SEQUENCE:
            data = "" if dropped.kind is RelationKind.VIEW else ", and its data is gone"
            yield moment.finding(
                f"queries of the running release that name {dropped.relation} fail from here on{data}",
                help="Release code that no longer uses it first; drop it in a later release.",
                relations=(dropped.relation,),
            )
