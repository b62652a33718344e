"""Patients, strictly those of the session's clinic."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import RedirectResponse

from gatekeeper.demo.clinic.errors import NotFound
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.logs import current_request_id, log, logged_step
from gatekeeper.demo.clinic.patients import Patient, list_patients, read_patient
from gatekeeper.demo.clinic.releases import Release
from gatekeeper.demo.clinic.wiring import LoggedIn, Wired

router = APIRouter(prefix="/api/patients")

PatientId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
def patients(wiring: Wired, session: LoggedIn) -> dict[str, Any]:
    """The clinic's patients."""
    with logged_step("patients: list"), wiring.database.transaction() as connection:
        found = list_patients(connection, wiring.release, session, current_request_id())
    return {"patients": [_as_json(patient, wiring.release) for patient in found]}


@router.get("/{patient_id}", response_model=None)
def patient(wiring: Wired, session: LoggedIn, patient_id: PatientId, name: str = "") -> dict[str, Any] | Response:
    """One of the clinic's patients."""
    with logged_step("patients: read"), wiring.database.transaction() as connection:
        found = read_patient(connection, wiring.release, session, current_request_id(), patient_id)
    if found is None:
        raise NotFound("patient")
    if wiring.release.has(Fault.LOGS_NAMES):
        log("patients: read", where=f"{found.given_name} {found.family_name}")
    if wiring.release.has(Fault.NAMES_IN_URLS) and not name:
        return RedirectResponse(f"/api/patients/{patient_id}?name={found.family_name}")
    return _as_json(found, wiring.release)


def _as_json(patient: Patient, release: Release) -> dict[str, Any]:
    told = {
        "id": patient.id,
        "recordNumber": patient.record_number,
        "givenName": patient.given_name,
        "familyName": patient.family_name,
        "dateOfBirth": patient.date_of_birth.isoformat(),
        "phone": patient.phone,
    }
    return {**told, "preferredName": patient.preferred_name} if release.shows_preferred_name else told
