"""ADD COLUMN whose values PostgreSQL has to compute row by row: the whole table is written anew."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import default_apart
from migrations_lint.rules import rule


@rule
def default_rewrites_table(moment: Moment) -> Iterator[Finding]:
    """Volatile defaults, serial, identity and stored generated columns on a table that is in use."""
    rewritten = list(moment.locks_on_live_tables(Work.REWRITE))
    for added in moment.all(AddsColumn):
        column = added.column
        computed = column.volatile_default or column.identity or column.generated == "stored"
        if not computed or not rewritten:
            continue
        why, way_out = _reason(added)
        yield moment.finding(
            f"reads and writes of {added.relation} wait while it is rewritten: {column.name} {why}",
            help=way_out,
            relations=(added.relation,),
            fix=default_apart(moment, added),
            lasting=rewritten,
        )


def _reason(added: AddsColumn) -> tuple[str, str]:
    column = added.column
    if column.generated == "stored":
        return (
            "is computed for every row",
            "Add a plain column, keep it up to date with a trigger and fill it in batches; from PostgreSQL 18 a "
            "VIRTUAL column costs nothing.",
        )
    if column.identity or column.default == "nextval()":
        return (
            "gets a number in every row",
            "Add a plain column, fill it in batches, then give it a sequence as its default.",
        )
    return (
        f"gets {column.default} in every row",
        "Add the column without a default, SET DEFAULT for new rows, and fill the old ones in batches.",
    )
