"""Is it alive, and should it get traffic? Both answers name the release."""

import itertools
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gatekeeper.demo.clinic.errors import ApiError, error_body
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.readiness import Readiness, look
from gatekeeper.demo.clinic.releases import Release
from gatekeeper.demo.clinic.wiring import Wired

router = APIRouter()

_NOT_READY = ApiError(503, "not_ready", "The clinic is under maintenance.", retry_after=5)


_ASKED = itertools.count()


@router.get("/api/health")
def health(wiring: Wired) -> dict[str, str]:
    """The process is alive; it asks nobody else."""
    if wiring.release.has(Fault.HEALTH_FAILS):
        raise RuntimeError("this release cannot say that it is healthy")
    if wiring.release.has(Fault.MIXED_VERSIONS) and next(_ASKED) % 2:
        return {"status": "ok", "version": "v0"}
    return {"status": "ok", "version": wiring.release.name}


@router.get("/api/ready")
def ready(wiring: Wired) -> JSONResponse:
    """The database answers and its schema fits this release."""
    readiness = Readiness(wiring.release, wiring.build, look(wiring.database))
    if readiness.is_ready:
        return JSONResponse(_told(readiness, wiring.release))
    return JSONResponse({**error_body(_NOT_READY), **readiness.as_json()}, _NOT_READY.status)


def _told(readiness: Readiness, release: Release) -> dict[str, Any]:
    told = readiness.as_json()
    if release.has(Fault.READY_HIDES_BUILD):
        del told["build"]
    if release.has(Fault.READY_TELLS_SECRET):
        told["checks"]["databaseUrl"] = "postgresql://clinic:not-a-real-password@db.example/clinic"
    return told
