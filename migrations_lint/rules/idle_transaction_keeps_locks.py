"""Strong locks in a transaction with no idle_in_transaction_session_timeout in force."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def idle_transaction_keeps_locks(moment: Moment) -> Iterator[Finding]:
    """Once per transaction. A client that hangs between two statements keeps what it has locked."""
    first = moment.first_blocking_lock()
    name = "idle_in_transaction_session_timeout"
    if first is None or moment.transaction is None or moment.session.timeout(name):
        return
    yield moment.finding(
        f"if the migration's client hangs before its commit, {first.relation} stays locked: no {name}",
        help=f"SET LOCAL {name} = '1min' at the head of the transaction, or for the role.",
        relations=(first.relation,),
        severity=Severity.NOTE,
    )
