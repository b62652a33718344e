"""The runbook: from lint to bake, step by step; then released, or back by the decision table."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gatekeeper.model.release import Outcome, PlannedUndo, Release, StepState
from gatekeeper.policy.undo import ASKED_OF_THE_DATABASE, ApplicationMove, Hold, Trouble, decide_undo
from gatekeeper.release.situation import situation_of
from gatekeeper.release.step import Result, Work
from gatekeeper.release.steps import (
    bake,
    deploy,
    gate,
    lint,
    loss_witness,
    migrate,
    rehearse,
    rollback,
    smoke,
    smoke_previous,
    verify,
    verify_rollback,
)

COULD_NOT, WAITS_FOR_A_PERSON = 3, 5


class Course(Enum):
    """What is wanted: go on to the end, or back because somebody asked for it."""

    RELEASE = "release"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run of the runbook ended; no outcome means that the release waits and can be resumed."""

    outcome: Outcome | None
    exit_code: int
    summary: str
    undo: PlannedUndo | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the engine keeps them."""
        return {
            "outcome": self.outcome.value if self.outcome else None,
            "exit_code": self.exit_code,
            "summary": self.summary,
            "undo": [self.undo.row, self.undo.plan] if self.undo else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Ending":
        """The way back from `as_json`."""
        outcome = Outcome(value["outcome"]) if value["outcome"] else None
        return cls(
            outcome, value["exit_code"], value["summary"], PlannedUndo(*value["undo"]) if value["undo"] else None
        )


class Runbook:
    """One release on its way; `take` takes a step, or remembers that it was taken."""

    def __init__(self, release: Release, take: Callable[[Work], Result]) -> None:
        self._release, self._take_step = release, take
        self._found: dict[str, Any] = {}

    def release(self) -> Ending:
        """From the first check to an end."""
        for work in (lint.WORK, verify.WORK, rehearse.WORK, gate.WORK):
            result = self._take(work)
            if not result.is_good:
                return _stopped(work, result)
        migrated = self._take(migrate.WORK)
        if migrated.state is StepState.WAITING:
            return _paused(migrate.WORK, migrated)
        if not migrated.is_good:
            return self._back(Trouble.FAILED, migrated.summary)
        self._take(smoke_previous.WORK)
        for work in (deploy.WORK, smoke.WORK, bake.WORK):
            result = self._take(work)
            if result.state is StepState.WAITING:
                return self._unclear(work, result)
            if not result.is_good:
                return self._back(Trouble.FAILED, result.summary)
        return Ending(Outcome.RELEASED, 0, f"{self._release.version} serves and works")

    def roll_back(self) -> Ending:
        """Back, because somebody asked: by the same table, which still refuses what loses data."""
        return self._back(Trouble.ASKED, "a rollback was asked for")

    def know(self, found: dict[str, Any]) -> None:
        """Take over what an earlier run found."""
        self._found.update(found)

    def _take(self, work: Work) -> Result:
        result = self._take_step(work)
        self._found[work.name] = result.facts
        return result

    def _back(self, trouble: Trouble, because: str) -> Ending:
        decision = decide_undo(situation_of(self._release, self._found, trouble))
        if decision.row in ASKED_OF_THE_DATABASE:
            witness = self._take(loss_witness.WORK)
            because = f"{because}. {witness.summary}"
            decision = decide_undo(situation_of(self._release, self._found, trouble))
        undo = PlannedUndo(decision.row, decision.plan)
        if isinstance(decision, Hold):
            return Ending(Outcome.HELD, WAITS_FOR_A_PERSON, f"{because}. {decision.plan}", undo)
        if decision.application is ApplicationMove.STAYS:
            return Ending(Outcome.STOPPED, 1, f"{because}. {decision.plan}", undo)
        for work in (rollback.WORK, verify_rollback.WORK):
            result = self._take(work)
            if result.state is StepState.WAITING and work is rollback.WORK:
                return _paused(work, result)
            if not result.is_good:
                return self._frozen(work, result)
        return Ending(
            Outcome.ROLLED_BACK, 1, f"rolled back to {self._release.previous} and verified; {because}", undo
        )  # fmt: skip

    def _unclear(self, work: Work, result: Result) -> Ending:
        """The new version may be serving, but nobody knows whether it works."""
        if work is deploy.WORK:
            return _paused(work, result)
        decision = decide_undo(situation_of(self._release, self._found, Trouble.INCONCLUSIVE))
        undo = PlannedUndo(decision.row, decision.plan)
        return Ending(Outcome.HELD, WAITS_FOR_A_PERSON, f"{result.summary}. {decision.plan}", undo)

    def _frozen(self, work: Work, result: Result) -> Ending:
        decision = decide_undo(situation_of(self._release, self._found, Trouble.ROLLBACK_FAILED))
        undo = PlannedUndo(decision.row, decision.plan)
        return Ending(Outcome.HELD, WAITS_FOR_A_PERSON, f"{work.name}: {result.summary}. {decision.plan}", undo)


def _stopped(work: Work, result: Result) -> Ending:
    if result.state is StepState.WAITING:
        return _paused(work, result)
    return Ending(Outcome.STOPPED, result.exit_code, f"stopped by {work.name}: {result.summary}")


def _paused(work: Work, result: Result) -> Ending:
    return Ending(None, result.exit_code or COULD_NOT, f"{work.name}: {result.summary}")
