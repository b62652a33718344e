"""SET EXPRESSION on a stored generated column."""

from collections.abc import Iterator

from migrations_lint.model import Finding, SetsExpression, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def generated_expression_rewrites_table(moment: Moment) -> Iterator[Finding]:
    """PostgreSQL 17 and newer; a virtual column is computed when it is read, and changes at once."""
    rewriting = tuple(moment.locks_on_live_tables(Work.REWRITE))
    for change in moment.all_on_live(SetsExpression):
        if change.expression is None or not rewriting:
            continue
        yield moment.finding(
            f"reads and writes of {change.relation} wait while it is rewritten: {change.column} is computed anew for "
            "every row",
            help="Add a plain column, keep it up to date with a trigger, fill it in batches, and let the application "
            f"read that instead of {change.column}.",
            relations=(change.relation,),
            lasting=rewriting,
        )
