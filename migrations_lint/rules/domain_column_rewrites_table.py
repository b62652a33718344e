"""ADD COLUMN of a domain that has constraints: each row is written anew, even without a default."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def domain_column_rewrites_table(moment: Moment) -> Iterator[Finding]:
    """PostgreSQL tries the domain's constraints on the value of each row, NULL included."""
    rewriting = tuple(moment.locks_on_live_tables(Work.REWRITE))
    for added in moment.all_on_live(AddsColumn):
        column = added.column
        if not column.domain or column.volatile_default or not rewriting:
            continue
        yield moment.finding(
            f"reads and writes of {added.relation} wait while it is rewritten: {column.type} is a domain with "
            "constraints, which are tried on every row",
            help=f"Give {column.name} the type that {column.type} stands on, and say the rest with a CHECK on the "
            "table, added NOT VALID and validated later.",
            relations=(added.relation,),
            lasting=rewriting,
        )
