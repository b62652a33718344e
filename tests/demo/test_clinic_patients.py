"""A clinic sees its own patients, and every look leaves a trace."""

import pytest

from gatekeeper.demo.clinic.seed import HARBOUR, HILLSIDE, LOGINS, PATIENTS, DemoLogin
from tests.demo.conftest import Running, Serve

pytestmark = pytest.mark.server


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.clinic)
def test_a_clinic_lists_and_reads_its_own_patients_only(v1: Running, login: DemoLogin) -> None:
    client = v1.logged_in(login)
    own = {patient.id for patient in PATIENTS if patient.clinic_id == login.clinic_id}

    listed = {patient["id"] for patient in client.get("/api/patients").json()["patients"]}
    readable = {patient.id for patient in PATIENTS if client.get(f"/api/patients/{patient.id}").status_code == 200}

    assert listed == readable == own


def test_another_clinics_patient_and_no_patient_look_the_same(v1: Running) -> None:
    client = v1.logged_in(HARBOUR)
    headers = {"X-Request-Id": "same"}

    foreign = client.get("/api/patients/201", headers=headers)
    missing = client.get("/api/patients/999", headers=headers)

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json()


def test_patients_are_shown_to_nobody_without_a_session(v1: Running) -> None:
    assert v1.client().get("/api/patients").status_code == 401
    assert v1.client().get("/api/patients/101").status_code == 401


def test_every_read_of_a_patient_adds_an_audit_row(serve: Serve) -> None:
    running = serve("v1")
    client = running.logged_in(HILLSIDE)

    client.get("/api/patients", headers={"X-Request-Id": "the-list"})
    client.get("/api/patients/202", headers={"X-Request-Id": "the-read"})
    client.get("/api/patients/101", headers={"X-Request-Id": "not-theirs"})

    recorded = "SELECT staff_id, clinic_id, patient_id, action, request_id FROM phi_access_audit ORDER BY id"
    assert sorted(running.rows(recorded)) == [
        (2, 2, 201, "list", "the-list"),
        (2, 2, 202, "list", "the-list"),
        (2, 2, 202, "read", "the-read"),
        (2, 2, 203, "list", "the-list"),
    ]


def test_the_resolver_finds_a_clinic_by_short_name_or_host(v1: Running) -> None:
    client = v1.client()
    harbour = {"slug": "harbour", "name": "Harbour Clinic"}

    assert client.get("/api/clinic/resolve", params={"slug": "harbour"}).json() == harbour
    assert client.get("/api/clinic/resolve", params={"host": "Harbour.example"}).json() == harbour
    assert client.get("/api/clinic/resolve", params={"host": "elsewhere.example"}).status_code == 404
    assert client.get("/api/clinic/resolve").status_code == 400
