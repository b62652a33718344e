"""Another type for a column, while the running release has prepared its queries for the old one."""

from collections.abc import Iterator

from migrations_lint.model import ChangesColumnType, Direction, Finding, Relation, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def type_change_breaks_running_code(moment: Moment) -> Iterator[Finding]:
    """Even a wider varchar ends prepared statements; only what leaves the type as it is does not."""
    if moment.direction is Direction.DOWN:
        return
    changes: dict[Relation, list[ChangesColumnType]] = {}
    for change in moment.all_on_live(ChangesColumnType):
        if change.before != change.type:
            changes.setdefault(change.relation, []).append(change)
    for relation, changed in changes.items():
        how = ", ".join(f"{one.column} is {one.type}, not {one.before or 'what it was'}" for one in changed)
        is_alike = all(_base(one.before) == _base(one.type) for one in changed)
        yield moment.finding(
            f"prepared statements of the running release that read {relation} fail with 'cached plan must not change "
            f"result type', and its code decodes wrongly: {how}",
            help="Add a column of the new type beside the old one and move over in two releases; or restart the "
            "application's connections right after.",
            relations=(relation,),
            severity=Severity.NOTE if is_alike else Severity.WARNING,
        )


def _base(type_name: str | None) -> str:
    return (type_name or "").partition("(")[0].replace("character varying", "text")
