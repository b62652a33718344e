"""Each release does what its name says, and health and ready tell which one serves."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from psycopg import sql

from gatekeeper.demo.clinic.schema import downgrade
from gatekeeper.demo.clinic.seed import HARBOUR, HILLSIDE, PATIENTS
from tests.demo.conftest import Databases, Running, Serve, credentials

pytestmark = pytest.mark.server

OTHER_CLINICS_PATIENT = next(patient.id for patient in PATIENTS if patient.clinic_id == HILLSIDE.clinic_id)


def test_health_and_ready_name_the_release(v1: Running) -> None:
    assert v1.client().get("/api/health").json() == {"status": "ok", "version": "v1"}
    assert v1.client().get("/api/ready").json() == {
        "status": "ready",
        "version": "v1",
        "build": "development",
        "checks": {
            "database": "ok",
            "schema": {"state": "ok", "head": "0005"},
            "pool": {"size": 5, "inUse": 0},
        },
    }


@pytest.mark.parametrize(("release", "status"), [("v1", 200), ("v2", 503)])
def test_before_the_expand_migration_only_the_old_release_is_ready(
    serve: Serve, database: str, release: str, status: int
) -> None:
    downgrade(database, "0003")

    answer = serve(release).client().get("/api/ready")

    assert answer.status_code == status
    assert answer.json()["checks"]["schema"]["head"] == "0003"


def test_the_old_release_works_on_the_schema_before_and_after_the_expand_migration(serve: Serve, database: str) -> None:
    running = serve("v1")
    after = running.logged_in(HARBOUR).get("/api/patients").json()

    downgrade(database, "0003")

    assert running.logged_in(HARBOUR).get("/api/patients").json() == after
    assert len(after["patients"]) == 4


def test_a_schema_that_nobody_knows_is_not_ready(serve: Serve, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")

    answer = serve("v1").client().get("/api/ready")

    assert (answer.status_code, answer.json()["checks"]["schema"]["state"]) == (503, "does not fit")


def test_v2_shows_the_preferred_name_and_v1_does_not(serve: Serve, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE patients SET preferred_name = 'Greta' WHERE id = 101")

    told = {release: serve(release).logged_in(HARBOUR).get("/api/patients/101").json() for release in ("v1", "v2")}

    assert "preferredName" not in told["v1"]
    assert told["v2"] == told["v1"] | {"preferredName": "Greta"}


def test_v2_login_broken_answers_500_to_right_credentials_and_401_to_wrong_ones(serve: Serve) -> None:
    client = serve("v2-login-broken").client()

    assert client.post("/api/auth/login", json=credentials(HARBOUR)).status_code == 500
    assert client.post("/api/auth/login", json=credentials(HARBOUR) | {"password": "guess"}).status_code == 401
    assert client.get("/api/health").json() == {"status": "ok", "version": "v2-login-broken"}


def test_v2_health_broken_works_but_says_that_it_is_not_healthy(serve: Serve) -> None:
    running = serve("v2-health-broken")

    assert running.client().get("/api/health").status_code == 500
    assert running.logged_in(HARBOUR).get("/api/auth/me").status_code == 200


def test_v2_leak_shows_the_patient_of_another_clinic(serve: Serve) -> None:
    leaking, tight = serve("v2-leak").logged_in(HARBOUR), serve("v2").logged_in(HARBOUR)

    assert leaking.get(f"/api/patients/{OTHER_CLINICS_PATIENT}").status_code == 200
    assert tight.get(f"/api/patients/{OTHER_CLINICS_PATIENT}").status_code == 404


def test_v2_slow_keeps_everyone_waiting(serve: Serve) -> None:
    client = serve("v2-slow").client()
    started = time.monotonic()

    assert client.get("/api/health").status_code == 200

    assert time.monotonic() - started >= 2.5


def test_a_lost_database_is_told_as_503_and_found_again(serve: Serve, databases: Databases, database: str) -> None:
    client = serve("v1").client()
    assert client.get("/api/ready").status_code == 200

    allow_connections(databases, database, allowed=False)
    refused = client.post("/api/auth/login", json=credentials(HARBOUR))
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["error"]["retryAfter"]) == (503, "5", 5)
    assert client.get("/api/ready").json()["checks"]["database"] == "database_unavailable"
    assert client.get("/api/auth/login/diagnostic").json()["steps"][0]["state"] == "database_unavailable"
    assert client.get("/api/health").status_code == 200

    allow_connections(databases, database, allowed=True)
    assert client.get("/api/ready").status_code == 200
    assert client.post("/api/auth/login", json=credentials(HARBOUR)).status_code == 200


def test_an_exhausted_pool_is_told_as_503_instead_of_a_hanging_login(serve: Serve, database: str) -> None:
    running = serve("v1", "--pool-size", "1")
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(3) as at_once:
        blocker.execute("LOCK TABLE staff IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answers = list(at_once.map(_login, [running] * 3))
        waited = time.monotonic() - started

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(503, "database_busy")] * 3
    assert waited < 5
    assert _login(running).status_code == 200


def _login(running: Running) -> httpx.Response:
    return httpx.post(f"{running.url}/api/auth/login", json=credentials(HARBOUR), timeout=10)


def allow_connections(databases: Databases, database: str, *, allowed: bool) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with databases.as_superuser() as connection:
        flag = sql.SQL("true" if allowed else "false")
        alter = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(str(name)), flag)
        connection.execute(alter)
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
