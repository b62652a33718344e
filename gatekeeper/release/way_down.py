"""What staging has shown of a release's ways down, kept as facts until somebody thinks of going back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from gatekeeper.model.proof import Loss, LossWitness, VerifyReport
from gatekeeper.policy.undo import Answer
from migrations_lint.impact import impact_of
from migrations_lint.model import LockFact, Work
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot


@dataclass(frozen=True, slots=True)
class WayDown:
    """All ways down of a release together: what they could destroy, what they lock, what they took on few rows."""

    losses: tuple[Loss, ...] = ()
    locks: tuple[LockFact, ...] = ()
    seconds: float = 0.0


def way_down_of(report: VerifyReport) -> WayDown:
    """What the proofs have seen."""
    traces = [proof.down for proof in report.proofs if proof.down is not None]
    facts = (fact for trace in traces for statement in trace.statements for fact in statement.facts)
    return WayDown(
        tuple(loss for proof in report.proofs for loss in proof.loss),
        tuple(dict.fromkeys(facts)),
        sum(trace.seconds for trace in traces),
    )


def as_facts(way: WayDown) -> dict[str, Any]:
    """Plain JSON values."""
    facts: dict[str, Any] = _adapter().dump_python(way, mode="json")
    return facts


def from_facts(facts: Mapping[str, Any]) -> WayDown:
    """The way back from `as_facts`."""
    return _adapter().validate_python(facts, strict=False)


@cache
def _adapter() -> TypeAdapter[WayDown]:
    return TypeAdapter(WayDown)


def nothing_lost(counted: Iterable[LossWitness]) -> Answer:
    """Whether nothing would be destroyed, and nothing would stop the way down. What is unknown is not nothing."""
    everything = tuple(counted)
    if any(one.rows for one in everything):
        return Answer.DISPROVEN
    return Answer.PROVEN if all(one.is_nothing for one in everything) else Answer.UNKNOWN


def fits_budget(way: WayDown, production: SchemaSnapshot, settings: LintSettings, budget: timedelta) -> Answer:
    """Whether others would wait no longer than the budget: what was measured on few rows, and what the sizes add.

    A lock is held until the end of its transaction, so all work counts where any lock stops reads or writes.
    """
    if not any(lock.mode.blocks_writes and not lock.created_here for lock in way.locks):
        return Answer.PROVEN
    if any(lock.work is Work.UNKNOWN for lock in way.locks):
        return Answer.UNKNOWN
    working = [lock for lock in way.locks if lock.work is not Work.INSTANT]
    impact = impact_of(((lock, _size(lock, production)) for lock in working), settings)
    if working and impact is None:
        return Answer.UNKNOWN
    seconds = way.seconds + (impact.seconds if impact else 0.0)
    return Answer.PROVEN if seconds <= budget.total_seconds() else Answer.DISPROVEN


def _size(lock: LockFact, production: SchemaSnapshot) -> Any:
    table = production.find(lock.relation)
    return table.size if table else None
