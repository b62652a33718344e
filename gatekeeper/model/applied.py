"""What applying migrations to a target database did, and what it cost others."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stall:
    """What our tries made others wait: how many sessions were seen waiting for us, and the longest, in seconds."""

    sessions: int = 0
    worst_seconds: float = 0.0

    def plus(self, other: "Stall") -> "Stall":
        """Both together."""
        return Stall(self.sessions + other.sessions, max(self.worst_seconds, other.worst_seconds))


@dataclass(frozen=True, slots=True)
class Applied:
    """One migration that is in place now."""

    id: str
    path: Path
    seconds: float
    tries: int
    stall: Stall


@dataclass(frozen=True, slots=True)
class MigrateReport:
    """Everything one `gatekeeper migrate` did; `pending` is what it would have done where only a plan was asked for."""

    applied: tuple[Applied, ...]
    pending: tuple[str, ...] = ()
