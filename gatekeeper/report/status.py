"""A release as the JSON of `gatekeeper release status --format json`."""

from collections.abc import Sequence
from typing import Any

from gatekeeper.model.gate import Waiting
from gatekeeper.model.release import ReleaseRecord, Step
from gatekeeper.report.timeline import recovery_of


def as_json(record: ReleaseRecord, waiting_for: Sequence[Waiting] = ()) -> dict[str, Any]:
    """Plain values for `json.dumps`; the shape is stable, see `version`."""
    release, recovery = record.release, recovery_of(record)
    return {
        "version": 1,
        "id": release.id,
        "service": release.service,
        "environment": release.environment,
        "release": release.version,
        "previous": release.previous,
        "commit": release.commit,
        "digest": release.digest,
        "phase": release.phase.value,
        "outcome": release.outcome.value if release.outcome else None,
        "summary": release.summary,
        "recovery_seconds": round(recovery.span.total_seconds(), 3) if recovery else None,
        "undo": {"row": release.undo.row, "plan": release.undo.plan} if release.undo else None,
        "steps": [_step(step) for step in record.steps],
        "waiting_for": [_waiting(gate) for gate in waiting_for],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "state": step.state.value,
        "started": step.started.isoformat(),
        "seconds": round(step.seconds, 3),
        "summary": step.summary,
        "evidence": list(step.evidence),
    }


def _waiting(gate: Waiting) -> dict[str, Any]:
    have = [{"who": approval.who, "role": approval.role, "at": approval.at.isoformat()} for approval in gate.have]
    return {"gate": gate.gate, "needs": dict(gate.needs), "have": have}
