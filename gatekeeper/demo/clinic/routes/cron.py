"""What a scheduler calls, with a secret of its own."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Header

from gatekeeper.demo.clinic.errors import ApiError
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.sessions import end_forgotten
from gatekeeper.demo.clinic.wiring import Wired

router = APIRouter(prefix="/api/cron")


@router.post("/end-sessions")
def end_sessions(wiring: Wired, authorization: Annotated[str, Header()] = "") -> dict[str, int]:
    """End the sessions that nobody can refresh any more."""
    known = hmac.compare_digest(authorization.encode(), f"Bearer {wiring.cron_secret}".encode())
    if not known and not wiring.release.has(Fault.CRON_OPEN):
        raise ApiError(401, "not_the_scheduler", "Only the scheduler may call this.")
    if wiring.release.has(Fault.CRON_FAILS):
        raise RuntimeError("this release asks for a column that is gone")
    with wiring.database.transaction() as connection:
        return {"ended": end_forgotten(connection)}
