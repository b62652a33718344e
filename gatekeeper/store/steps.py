"""The journal: a step's intent before it acts, its result afterwards."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, RowMapping, func, insert, select, update

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.audit import AuditEvent
from gatekeeper.model.release import Step, StepState
from gatekeeper.store import tables
from gatekeeper.store.audit import append

_steps, _leases = tables.steps, tables.leases


class LeaseLost(GatekeeperError):
    """Another process has taken over the release; this one must not touch anything any more."""

    def __init__(self, place: str, holder: str) -> None:
        super().__init__(
            f"another process acts on {place} now",
            seen=[f"it is {holder}"],
            next_step="Nothing is to be done here; `gatekeeper release status` follows it.",
        )


class Steps:
    """The steps of all releases, in the order in which each release took them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, release_id: str, step: Step, *, place: str, epoch: int) -> None:
        """Write an intent or a result, in one transaction with the check that the lease is still ours."""
        mine = (_steps.c.release == release_id) & (_steps.c.name == step.name)
        with self._engine.begin() as connection:
            lease = (
                connection.execute(select(_leases).where(_leases.c.place == place).with_for_update()).mappings().first()
            )
            if lease is None or lease["epoch"] != epoch:
                raise LeaseLost(place, lease["holder"] if lease else "nobody that is known")
            if connection.execute(update(_steps).where(mine).values(_row(step))).rowcount == 0:
                taken = select(func.count()).select_from(_steps).where(_steps.c.release == release_id)
                position = connection.execute(taken).scalar_one()
                values = _row(step) | {"release": release_id, "name": step.name, "position": position}
                connection.execute(insert(_steps).values(values))
            append(connection, _event(release_id, step, epoch))

    def of(self, release_id: str) -> tuple[Step, ...]:
        """The steps that a release has taken or begun."""
        query = select(_steps).where(_steps.c.release == release_id).order_by(_steps.c.position)
        with self._engine.begin() as connection:
            return tuple(_step(row) for row in connection.execute(query).mappings())


def _event(release_id: str, step: Step, epoch: int) -> AuditEvent:
    at = step.started + timedelta(seconds=step.seconds)
    details = {"epoch": epoch, "summary": step.summary, "evidence": list(step.evidence)}
    return AuditEvent("gatekeeper", f"{step.name}: {step.state.value}", release_id, at, details=details)


def _row(step: Step) -> dict[str, Any]:
    return {
        "state": step.state.value,
        "started": step.started,
        "seconds": step.seconds,
        "summary": step.summary,
        "evidence": list(step.evidence),
        "result": dict(step.result),
    }


def _step(row: RowMapping) -> Step:
    return Step(
        name=row["name"],
        state=StepState(row["state"]),
        started=row["started"],
        seconds=row["seconds"],
        summary=row["summary"],
        evidence=tuple(row["evidence"]),
        result=row["result"],
    )
