"""What a step is, and what it hands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gatekeeper.model.release import Phase, Step, StepState

if TYPE_CHECKING:
    from gatekeeper.release.desk import Desk


@dataclass(frozen=True, slots=True)
class Result:
    """What a step found or did. `facts` are plain JSON values: later steps and a resumed release decide by them.

    A `waiting` step is taken again when the release is resumed; `exit_code` says what it waits for.
    """

    state: StepState
    summary: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    exit_code: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the release goes on to the next step."""
        return self.state in {StepState.DONE, StepState.SKIPPED}

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the engine keeps them."""
        return {
            "state": self.state.value,
            "summary": self.summary,
            "facts": dict(self.facts),
            "evidence": list(self.evidence),
            "exit_code": self.exit_code,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Result":
        """The way back from `as_json`."""
        return cls(
            StepState(value["state"]), value["summary"], value["facts"], tuple(value["evidence"]), value["exit_code"]
        )

    @classmethod
    def of(cls, step: Step) -> "Result":
        """What the journal remembers of a step."""
        return cls(step.state, step.summary, step.result["facts"], step.evidence, step.result["exit_code"])


@dataclass(frozen=True, slots=True)
class Work:
    """One step of the runbook.

    `act` does it. `observe` looks, after a crash in the middle of `act`, whether it has been done already, and
    answers None where it is to be done (again). A step that `asks_anew` is about the moment: its answer is not kept
    for a later run.
    """

    name: str
    phase: Phase
    act: Callable[["Desk"], Result]
    observe: Callable[["Desk"], Result | None] = lambda desk: None
    asks_anew: bool = False


def done(summary: str, *, evidence: tuple[str, ...] = (), **facts: Any) -> Result:
    """The step has done what it is for."""
    return Result(StepState.DONE, summary, facts, evidence)


def failed(summary: str, *, evidence: tuple[str, ...] = (), **facts: Any) -> Result:
    """The step's answer is no."""
    return Result(StepState.FAILED, summary, facts, evidence, exit_code=1)


def skipped(summary: str, **facts: Any) -> Result:
    """There was nothing to do."""
    return Result(StepState.SKIPPED, summary, facts)


def waiting(summary: str, exit_code: int, *, evidence: tuple[str, ...] = (), **facts: Any) -> Result:
    """The step could not be finished now; resuming the release takes it again."""
    return Result(StepState.WAITING, summary, facts, evidence, exit_code)
