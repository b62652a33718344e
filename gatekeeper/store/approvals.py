"""What was said at gates: rows are only ever added."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, insert, select

from gatekeeper.model.audit import AuditEvent
from gatekeeper.model.gate import Approval, Decision
from gatekeeper.store import tables
from gatekeeper.store.audit import append
from gatekeeper.store.outbox import Letter, put

_approvals = tables.approvals
_WORDS = [column for column in _approvals.c if column.name not in {"number", "release"}]


class Approvals:
    """The book of all gates."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, release_id: str, approval: Approval, letters: Sequence[Letter] = ()) -> None:
        """Write down what somebody said, and what people are to be told of that."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(_approvals).values(
                    release=release_id,
                    gate=approval.gate,
                    decision=approval.decision.value,
                    who=approval.who,
                    role=approval.role,
                    digest=approval.digest,
                    reason=approval.reason,
                    at=approval.at,
                    envelope=dict(approval.envelope) if approval.envelope is not None else None,
                )
            )
            append(connection, _event(release_id, approval))
            put(connection, letters, approval.at)

    def releases_with(self, decision: Decision) -> tuple[str, ...]:
        """The releases about which this was said."""
        query = select(_approvals.c.release).where(_approvals.c.decision == decision.value).distinct()
        with self._engine.begin() as connection:
            return tuple(connection.execute(query).scalars())

    def of(self, release_id: str) -> tuple[Approval, ...]:
        """What was said about a release, in that order."""
        query = select(*_WORDS).where(_approvals.c.release == release_id).order_by(_approvals.c.number)
        with self._engine.begin() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(Approval(**{**row, "decision": Decision(row["decision"])}) for row in rows)


def _event(release_id: str, approval: Approval) -> AuditEvent:
    details: dict[str, Any] = {"gate": approval.gate, "role": approval.role, "reason": approval.reason}
    if approval.envelope is not None:
        details["envelope"] = dict(approval.envelope)
    return AuditEvent(approval.who, approval.decision.value, release_id, approval.at, approval.digest, details)
