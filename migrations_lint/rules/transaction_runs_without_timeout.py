"""Strong locks in a transaction with no transaction_timeout in force (PostgreSQL 17 and newer)."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule

_SINCE = 17  # PostgreSQL 17 release notes: "Add server variable transaction_timeout"


@opt_in
@rule
def transaction_runs_without_timeout(moment: Moment) -> Iterator[Finding]:
    """Once per transaction."""
    first = moment.first_blocking_lock()
    if first is None or moment.transaction is None or moment.settings.server_version < _SINCE:
        return
    if not moment.session.timeout("transaction_timeout"):
        yield moment.finding(
            f"{first.relation} is locked until the commit, however long that takes: no transaction_timeout",
            help="SET LOCAL transaction_timeout = '1min' at the head of the transaction, or for the role.",
            relations=(first.relation,),
            severity=Severity.NOTE,
        )
