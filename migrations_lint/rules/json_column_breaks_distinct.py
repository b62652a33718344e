"""A json column added to a table that queries may compare whole rows of."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import AddsColumn, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.recipes import compared_json
from migrations_lint.rules import rule


@rule
def json_column_breaks_distinct(moment: Moment) -> Iterator[Finding]:
    """Only on a table in use: a new one has no queries yet that it could break."""
    if moment.direction is Direction.DOWN:
        return
    for added in moment.all_on_live(AddsColumn):
        if added.column.type != "json":
            continue
        sql = f"ALTER TABLE {spelled(added.relation)} ADD COLUMN {quoted(added.column.name)} jsonb"
        yield moment.finding(
            f"SELECT DISTINCT, GROUP BY and UNION over all columns of {added.relation} fail from here on: json has no "
            "equality",
            help=f"{moment.dialect.statement(sql)}, unless the exact text matters.",
            relations=(added.relation,),
            severity=Severity.WARNING,
            fix=compared_json(moment),
        )
