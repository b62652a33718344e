"""How much a lock matters: what it stops, times what is done under it. A table, read top to bottom."""

from migrations_lint.locks import LockMode
from migrations_lint.model import LockFact, Severity, Work

_LONG = frozenset({Work.SCAN, Work.INDEX_BUILD, Work.REWRITE})


def severity_of(lock: LockFact) -> Severity:
    """Blocking reads or writes for as long as the table is large is an error; briefly, a warning."""
    long = lock.work in _LONG
    if lock.mode.blocks_reads:
        return Severity.ERROR if long else Severity.WARNING
    if lock.mode.blocks_writes:
        return Severity.ERROR if long else Severity.WARNING
    return Severity.NOTE


def what_waits(mode: LockMode) -> str:
    """Who has to wait for a lock of this mode, in words for a message."""
    if mode.blocks_reads:
        return "reads and writes"
    if mode.blocks_writes:
        return "writes"
    return "other schema changes"
