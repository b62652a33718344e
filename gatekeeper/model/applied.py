"""What applying migrations to a target database did, and what it cost others."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from gatekeeper.model.blocker import Blocker


@dataclass(frozen=True, slots=True)
class Stall:
    """What our tries made others wait: how many requests were seen waiting for us, and the longest, in seconds."""

    sessions: int = 0
    worst_seconds: float = 0.0

    def plus(self, other: "Stall") -> "Stall":
        """Both together."""
        return Stall(self.sessions + other.sessions, max(self.worst_seconds, other.worst_seconds))


@dataclass(frozen=True, slots=True)
class StatementRun:
    """One statement as a try ran it; `began` is a time stamp (UTC), both in seconds by the server's clock.

    `rows` is None where it is not about rows. `wal_bytes` is what the server wrote meanwhile, others' writes included.
    """

    line: int
    sql: str
    began: float
    seconds: float
    rows: int | None
    wal_bytes: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one transaction, or of one statement that runs outside any; counted from 1.

    `outcome` is "committed", or why nothing of it stands. `began` is a time stamp (UTC), `seconds` how long all of it
    took, `waited` how long of that for locks, `held` from the first lock to the end. `statements` are those that ran.
    """

    migration: str
    transaction: int
    number: int
    outcome: str
    began: float
    seconds: float
    waited: float
    held: float
    stall: Stall
    statements: tuple[StatementRun, ...] = ()
    blockers: tuple[Blocker, ...] = ()


def stall_of(attempts: Iterable[Attempt]) -> Stall:
    """What tries together made others wait."""
    return reduce(Stall.plus, (one.stall for one in attempts), Stall())


@dataclass(frozen=True, slots=True)
class Applied:
    """One migration that is in place now."""

    id: str
    path: Path
    seconds: float
    tries: int
    stall: Stall
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class MigrateReport:
    """Everything one `gatekeeper migrate` did."""

    applied: tuple[Applied, ...]
