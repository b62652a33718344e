"""A statement that PostgreSQL refuses inside a transaction, where the tool or the script has one open."""

from collections.abc import Iterator

from migrations_lint.model import Finding, NeedsNoTransaction
from migrations_lint.moment import Moment
from migrations_lint.recipes import outside_transaction
from migrations_lint.rules import rule


@rule
def concurrently_fails_in_transaction(moment: Moment) -> Iterator[Finding]:
    """The deploy would stop at this statement with SQLSTATE 25001."""
    for need in moment.all(NeedsNoTransaction):
        if moment.transaction is None:
            return
        yield moment.finding(
            f"{need.command} cannot run inside a transaction, and one is open here",
            help=f"Run it {moment.dialect.outside}.",
            fix=outside_transaction(moment),
        )
