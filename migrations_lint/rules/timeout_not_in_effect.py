"""A lock_timeout that the script has set, and that is gone again when the lock is asked for."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.session import milliseconds


@rule
def timeout_not_in_effect(moment: Moment) -> Iterator[Finding]:
    """RESET, an ended transaction, a rollback, SET LOCAL outside of a transaction."""
    first = moment.first_blocking_lock()
    if first is None or moment.settings.timeout_set_by_runner:
        return
    lost = moment.session.forgotten.get("lock_timeout")
    if lost is None or not milliseconds(lost) or moment.session.parameter("lock_timeout") is not None:
        return
    yield moment.finding(
        f"asks for {first.mode.value} on {first.relation} with no lock_timeout: the {lost} that was set above ended "
        "with "
        "its transaction, was reset, or stood outside of a transaction as SET LOCAL",
        help="SET LOCAL lock_timeout inside each transaction; outside of one, SET it and RESET it after the last lock.",
        relations=(first.relation,),
        severity=Severity.WARNING,
    )
