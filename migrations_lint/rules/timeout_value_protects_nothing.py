"""A lock_timeout that is in force and never fires: zero, minutes long, or no shorter than the statement_timeout."""

from collections.abc import Iterator

from migrations_lint.model import Finding, LockFact, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_LONGEST = 60_000.0  # milliseconds


@rule
def timeout_value_protects_nothing(moment: Moment) -> Iterator[Finding]:
    """Also where the runner sets a timeout: a value written in the file takes its place."""
    first = moment.first_blocking_lock()
    if first is None:
        return
    wait = moment.session.timeout("lock_timeout")
    if wait is None:
        return
    limit = moment.session.timeout("statement_timeout")
    if wait == 0:
        yield _finding(
            moment, first, f"lock_timeout is 0 here, which means no limit: {first.relation} may wait for ever"
        )
    elif wait > _LONGEST:
        shown = moment.session.parameter("lock_timeout")
        queue = f"everyone who needs {first.relation} may queue for {shown}, which is lock_timeout here"
        yield _finding(moment, first, queue)
    elif limit and wait >= limit:
        shown = moment.session.parameter("statement_timeout")
        never = f"lock_timeout never fires: statement_timeout, which ends the statement as a whole, is only {shown}"
        yield _finding(moment, first, never, Severity.NOTE)


def _finding(moment: Moment, lock: LockFact, message: str, severity: Severity = Severity.WARNING) -> Finding:
    return moment.finding(
        message,
        help="Set it to a few seconds, well below statement_timeout: SET LOCAL lock_timeout = '2s'.",
        relations=(lock.relation,),
        severity=severity,
    )
