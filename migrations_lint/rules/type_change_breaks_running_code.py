"""Another type for a column, while the running release has prepared its queries for the old one."""

from collections.abc import Iterator

from migrations_lint.model import ChangesColumnType, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def type_change_breaks_running_code(moment: Moment) -> Iterator[Finding]:
    """Even a wider varchar ends prepared statements; only what leaves the type as it is does not."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all_on_live(ChangesColumnType):
        if change.before == change.type:
            continue
        before = change.before or "its old type"
        yield moment.finding(
            f"prepared statements of the running release that read {change.relation}.{change.column} fail with "
            f"'cached plan must not change result type', and its code decodes {before}, not {change.type}",
            help=f"Add a column of type {change.type} beside it and move over in two releases; or restart the "
            "application's connections right after.",
            relations=(change.relation,),
            severity=Severity.NOTE if _base(change.before) == _base(change.type) else Severity.WARNING,
        )


def _base(type_name: str | None) -> str:
    return (type_name or "").partition("(")[0].replace("character varying", "text")
