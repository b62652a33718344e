"""Intake forms from another system: signed, and safe to send twice."""

import secrets
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request

from gatekeeper.demo.clinic.clinics import clinic_of_slug
from gatekeeper.demo.clinic.errors import ApiError
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.intake import (
    SIGNATURE_HEADER,
    MalformedSubmission,
    is_signed,
    parse_submission,
    store_submission,
)
from gatekeeper.demo.clinic.logs import logged_step
from gatekeeper.demo.clinic.wiring import Wired

router = APIRouter(prefix="/api/webhooks")

_LARGEST_BODY = 256 * 1024


async def _bounded_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise ApiError(413, "body_too_large", "The submission is too large.")
    return bytes(body)


@router.post("/intake")
def intake(
    wiring: Wired,
    body: Annotated[bytes, Depends(_bounded_body)],
    signature: Annotated[str, Header(alias=SIGNATURE_HEADER)] = "",
) -> dict[str, str]:
    """Store a submission once, however often it is delivered."""
    if not is_signed(body, signature, wiring.intake_secret):
        raise ApiError(401, "bad_signature", f"The {SIGNATURE_HEADER} header does not fit the body.")
    try:
        submission = parse_submission(body)
    except MalformedSubmission as error:
        if wiring.release.has(Fault.WEBHOOK_CRASHES):
            raise
        raise ApiError(400, "malformed", f"This is not a submission: {error}.") from error
    if wiring.release.has(Fault.WEBHOOK_STORES_TWICE):
        submission = replace(submission, id=secrets.token_hex(16))
    with logged_step("intake: store"), wiring.database.transaction() as connection:
        clinic = clinic_of_slug(connection, submission.clinic)
        if clinic is None:
            raise ApiError(400, "unknown_clinic", "There is no such clinic.")
        is_new = store_submission(connection, clinic, submission)
    return {"status": "accepted" if is_new else "already here"}
