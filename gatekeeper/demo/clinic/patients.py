"""Patients of one clinic. Every read leaves a row in `phi_access_audit`, in the same transaction."""

from dataclasses import dataclass
from datetime import date

from psycopg import Cursor
from psycopg.rows import class_row

from gatekeeper.demo.clinic.database import Connection
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.releases import Release
from gatekeeper.demo.clinic.sessions import Session


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient. `preferred_name` stays empty in releases that do not know the column."""

    id: int
    record_number: str
    given_name: str
    family_name: str
    date_of_birth: date
    phone: str | None
    preferred_name: str | None


_KNOWN = "SELECT id, record_number, given_name, family_name, date_of_birth, phone, NULL AS preferred_name FROM patients"
_WITH_PREFERRED_NAME = (
    "SELECT id, record_number, given_name, family_name, date_of_birth, phone, preferred_name FROM patients"
)
_AUDIT = """
    INSERT INTO phi_access_audit (staff_id, clinic_id, patient_id, action, request_id)
    SELECT %(staff_id)s, %(clinic_id)s, patient_id, %(action)s, %(request_id)s
      FROM unnest(%(patients)s::bigint[]) AS patient_id
"""


def list_patients(connection: Connection, release: Release, session: Session, request_id: str) -> list[Patient]:
    """All patients of the session's clinic, by name."""
    query = f"{_select(release)} WHERE clinic_id = %(clinic_id)s ORDER BY family_name, given_name, id"
    with connection.cursor(row_factory=class_row(Patient)) as cursor:
        found = cursor.execute(query, {"clinic_id": session.clinic_id}).fetchall()
        if release.has(Fault.QUERY_PER_PATIENT):
            found = [_one(cursor, release, patient.id) for patient in found]
    _record(connection, session, "list", request_id, [patient.id for patient in found])
    return found


def read_patient(
    connection: Connection, release: Release, session: Session, request_id: str, patient_id: int
) -> Patient | None:
    """One patient of the session's clinic; None for everyone else's."""
    mine = "" if release.has(Fault.LEAKS_OTHER_CLINICS) else "AND clinic_id = %(clinic_id)s"
    query = f"{_select(release)} WHERE id = %(patient_id)s {mine}"
    with connection.cursor(row_factory=class_row(Patient)) as cursor:
        found = cursor.execute(query, {"patient_id": patient_id, "clinic_id": session.clinic_id}).fetchone()
    if found:
        _record(connection, session, "read", request_id, [found.id])
    return found


def _one(cursor: Cursor[Patient], release: Release, patient_id: int) -> Patient:
    found = cursor.execute(f"{_select(release)} WHERE id = %(patient_id)s", {"patient_id": patient_id}).fetchone()
    assert found is not None
    return found


def _select(release: Release) -> str:
    return _WITH_PREFERRED_NAME if release.shows_preferred_name else _KNOWN


def _record(connection: Connection, session: Session, action: str, request_id: str, patients: list[int]) -> None:
    connection.execute(
        _AUDIT,
        {
            "staff_id": session.staff_id,
            "clinic_id": session.clinic_id,
            "action": action,
            "request_id": request_id,
            "patients": patients,
        },
    )
