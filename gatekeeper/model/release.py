"""A release: what goes where, how far it has come, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from gatekeeper.model.evidence import Evidence


class Phase(Enum):
    """How far a release has come; the words of `gatekeeper release status --format json`."""

    INTAKE = "intake"
    LINT = "lint"
    VERIFY = "verify"
    GATE = "gate"
    MIGRATE = "migrate"
    DEPLOY = "deploy"
    SMOKE = "smoke"
    BAKE = "bake"
    ROLL_BACK = "roll back"
    VERIFY_ROLLBACK = "verify rollback"
    CLOSED = "closed"


class Outcome(Enum):
    """How a release ended. `held`: it stands still until a person decides."""

    RELEASED = "released"
    ROLLED_BACK = "rolled back"
    STOPPED = "stopped"
    HELD = "held"


class StepState(Enum):
    """Where one step stands. `running` is also what a killed process leaves behind."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    WAITING = "waiting"

    @property
    def is_settled(self) -> bool:
        """Whether the step has its result and is not taken again."""
        return self in {StepState.DONE, StepState.FAILED, StepState.SKIPPED}


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """A migration that the target database does not have yet; the digests tell when somebody edits it."""

    id: str
    path: str
    file_sha256: str
    sql_sha256: str


@dataclass(frozen=True, slots=True)
class PlannedUndo:
    """The row of the decision table that applies, and what it means, in words."""

    row: int
    plan: str


@dataclass(frozen=True, slots=True)
class Release:
    """One version on its way into one environment. `previous` is None for the very first."""

    id: str
    service: str
    environment: str
    version: str
    previous: str | None
    commit: str
    starter: str
    started: datetime
    migrations: tuple[PlannedMigration, ...] = ()
    digest: str = ""
    phase: Phase = Phase.INTAKE
    outcome: Outcome | None = None
    undo: PlannedUndo | None = None
    summary: str = ""
    ended: datetime | None = None

    @property
    def place(self) -> str:
        """The service and its environment: where only one release may act at a time."""
        return f"{self.service}@{self.environment}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as the journal holds it; `result` is what later steps and a resumed release read."""

    name: str
    state: StepState
    started: datetime
    seconds: float = 0.0
    summary: str = ""
    evidence: tuple[str, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """All that the store holds of one release, for people and machines to read."""

    release: Release
    steps: tuple[Step, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def step(self, name: str) -> Step | None:
        """The step of that name, or None where it was not reached."""
        return next((step for step in self.steps if step.name == name), None)
