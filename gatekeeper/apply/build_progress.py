"""How far a concurrent index build is, in words, and about how long it will take. Pure.

The phases are those of `pg_stat_progress_create_index` (PostgreSQL 18, 27.4.4 CREATE INDEX Progress Reporting).
"""

from dataclasses import dataclass

from gatekeeper.apply.pace import show_time

# The share of the whole work that each phase takes, measured with two million rows of a bigint and a text.
_SHARES = (
    ("building index: scanning table", 0.42),
    ("building index: sorting live tuples", 0.15),
    ("building index: sorting dead tuples", 0.00),
    ("building index: loading tuples in tree", 0.20),
    ("index validation: scanning index", 0.06),
    ("index validation: sorting tuples", 0.05),
    ("index validation: scanning table", 0.12),
)
_LEAST_KNOWN = 0.02


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """A row of the view; counts are 0 where a phase does not count."""

    phase: str
    lockers_total: int
    lockers_done: int
    blocks_total: int
    blocks_done: int
    tuples_total: int
    tuples_done: int

    @property
    def is_waiting(self) -> bool:
        """It waits for others' transactions, for as long as they like."""
        return self.phase.startswith("waiting for")

    @property
    def done(self) -> float | None:
        """Which part of the whole is done, from 0 to 1; None before the work and in phases that we do not know."""
        before = 0.0
        for phase, share in _SHARES:
            if phase == self.phase:
                return before + share * self._of_phase
            before += share
        return None

    @property
    def _of_phase(self) -> float:
        for total, done in ((self.tuples_total, self.tuples_done), (self.blocks_total, self.blocks_done)):
            if total > 0:
                return min(done / total, 1.0)
        return 0.0


def told(progress: BuildProgress, working_seconds: float) -> str:
    """The progress in words; `working_seconds` is how long it has worked, without what it waited."""
    if progress.is_waiting:
        return f"{progress.phase} ({progress.lockers_done} of {progress.lockers_total} transactions have ended)"
    done = progress.done
    if done is None:
        return progress.phase
    if done < _LEAST_KNOWN:
        return f"{progress.phase}, {done:.0%}"
    return f"{progress.phase}, {done:.0%}, about {show_time(working_seconds * (1 - done) / done)} left"
