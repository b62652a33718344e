"""Rows are changed or read through while an earlier statement's strong lock on another live table is still held."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.severity import what_waits

_LONG = frozenset({Work.SCAN, Work.INDEX_BUILD, Work.REWRITE, Work.ROW_CHANGE})


@rule
def work_continues_under_exclusive_lock(moment: Moment) -> Iterator[Finding]:
    """A lock is held until the commit, so what follows a strong one counts; for what was dropped nobody waits."""
    working = [lock for lock in moment.locks_on_live_tables(*_LONG) if not lock.mode.blocks_writes]
    if not working:
        return
    held = (lock for lock in moment.held if lock.mode.blocks_reads and moment.is_live(lock.relation))
    held = (lock for lock in held if lock.relation not in moment.session.gone)
    first = next((lock for lock in held if not lock.created_here), None)
    if first is None:
        return
    yield moment.finding(
        f"{what_waits(first.mode)} of {first.relation} wait for this too: the transaction still holds "
        f"{first.mode.value} on it, until the commit",
        help="Put the work in a migration of its own, before or after the one that needs the lock.",
        relations=(first.relation,),
        # How many rows an INSERT or a WHERE reaches is nothing that the table's size tells.
        lasting=() if any(lock.work is Work.ROW_CHANGE for lock in working) else working,
        severity=Severity.WARNING,
    )
