"""A lock that others queue behind, asked for with no lock_timeout in force."""

from collections.abc import Iterator

from migrations_lint.impact import in_words
from migrations_lint.model import Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.recipes import set_lock_timeout
from migrations_lint.rules import rule

_SHORT = 60_000.0  # milliseconds; a statement_timeout up to this bounds the wait as well
_BUSY = 10_000_000  # rows, by a snapshot of production; long queries are likely there


@rule
def lock_waits_without_timeout(moment: Moment) -> Iterator[Finding]:
    """Once per transaction, at the first such lock; where a timeout was set and is of no use, other rules say so."""
    first = moment.first_blocking_lock()
    if first is None or moment.settings.timeout_set_by_runner:
        return
    session = moment.session
    if session.parameter("lock_timeout") is not None or "lock_timeout" in session.forgotten:
        return
    if 0 < (session.timeout("statement_timeout") or 0) <= _SHORT:
        return
    size = moment.size_of(first.relation)
    busy = size is not None and (size.rows or 0) >= _BUSY
    yield moment.finding(
        f"asks for {first.mode.value} on {first.relation} with no lock_timeout: while it waits for one long "
        "query, everyone else waits behind "
        f"it{f', on a table of {in_words(size.rows or 0)} rows' if size and busy else ''}",
        help=f"{moment.dialect.set_parameter('lock_timeout', '2s', local=moment.transaction is not None)} first "
        "(`gatekeeper inject` writes it), and try again when it fires.",
        relations=(first.relation,),
        severity=Severity.ERROR if busy else Severity.WARNING,
        fix=set_lock_timeout(moment),
    )
