"""Is it alive, and should it get traffic? Both answers name the release."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gatekeeper.demo.clinic.errors import ApiError, error_body
from gatekeeper.demo.clinic.readiness import Readiness, look
from gatekeeper.demo.clinic.wiring import Wired

router = APIRouter()

_NOT_READY = ApiError(503, "not_ready", "The clinic is under maintenance.", retry_after=5)


@router.get("/api/health")
def health(wiring: Wired) -> dict[str, str]:
    """The process is alive; it asks nobody else."""
    if wiring.release.health_fails:
        raise RuntimeError("this release cannot say that it is healthy")
    return {"status": "ok", "version": wiring.release.name}


@router.get("/api/ready")
def ready(wiring: Wired) -> JSONResponse:
    """The database answers and its schema fits this release."""
    readiness = Readiness(wiring.release, wiring.build, look(wiring.database))
    if readiness.is_ready:
        return JSONResponse(readiness.as_json())
    return JSONResponse({**error_body(_NOT_READY), **readiness.as_json()}, _NOT_READY.status)
