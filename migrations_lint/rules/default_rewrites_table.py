"""ADD COLUMN whose values PostgreSQL has to compute row by row: the whole table is written anew."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, Column, Finding, Relation, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import default_apart
from migrations_lint.rules import rule


@rule
def default_rewrites_table(moment: Moment) -> Iterator[Finding]:
    """Volatile defaults, serial, identity and stored generated columns on a table that is in use."""
    rewritten = list(moment.locks_on_live_tables(Work.REWRITE))
    alike: dict[tuple[Relation, str, str], list[AddsColumn]] = {}
    for added in moment.all(AddsColumn) if rewritten else ():
        column = added.column
        if column.volatile_default or column.identity or column.generated == "stored":
            alike.setdefault((added.relation, *_reason(column)), []).append(added)
    for (relation, what, way_out), columns in alike.items():
        yield moment.finding(
            f"reads and writes of {relation} wait while it is rewritten: every row gets {what} in "
            f"{', '.join(added.column.name for added in columns)}",
            help=way_out,
            relations=(relation,),
            fix=default_apart(moment, columns[0]),
            lasting=rewritten,
        )


def _reason(column: Column) -> tuple[str, str]:
    if column.generated == "stored":
        return (
            "a computed value",
            "Add a plain column, keep it up to date with a trigger and fill it in batches; from PostgreSQL 18 a "
            "VIRTUAL column costs nothing.",
        )
    if column.identity or column.default == "nextval()":
        return (
            "a number",
            "Add a plain column, fill it in batches, then give it a sequence as its default.",
        )
    return (
        column.default or "its own value",
        "Add the column without a default, SET DEFAULT for new rows, and fill the old ones in batches.",
    )
