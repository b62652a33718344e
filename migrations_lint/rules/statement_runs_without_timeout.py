"""Long work under a lock that makes others wait, with no statement_timeout in force."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule
from migrations_lint.severity import what_waits

_LONG = frozenset({Work.SCAN, Work.INDEX_BUILD, Work.REWRITE})


@opt_in
@rule
def statement_runs_without_timeout(moment: Moment) -> Iterator[Finding]:
    """Concurrent builds and VALIDATE make nobody wait and may take their time."""
    long = [lock for lock in moment.locks_on_live_tables(*_LONG) if lock.mode.blocks_writes]
    if long and not moment.session.timeout("statement_timeout") and not moment.settings.timeout_set_by_runner:
        yield moment.finding(
            f"{what_waits(long[0].mode)} of {long[0].relation} wait for as long as this takes: no statement_timeout",
            help=f"{moment.dialect.set_parameter('statement_timeout', '30s', local=moment.transaction is not None)} "
            "first, so that it gives up instead.",
            relations=(long[0].relation,),
            severity=Severity.NOTE,
        )
