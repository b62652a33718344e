"""One shape for every error, and logs that say what happened without saying to whom."""

import json
import re
from typing import Any

import httpx
import psycopg
import pytest

from gatekeeper.demo.clinic.seed import HARBOUR, HILLSIDE, LOGINS, PATIENTS
from tests.demo.conftest import Running, Serve, credentials

pytestmark = pytest.mark.server


def _assert_error_shape(answer: httpx.Response) -> None:
    error = answer.json()["error"]
    assert error.keys() - {"retryAfter"} == {"code", "message", "requestId"}
    assert error["requestId"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    assert "line " not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/static/nothing.js", 404),
        ("DELETE", "/api/patients", 405),
        ("GET", "/api/patients", 401),
        ("POST", "/api/auth/refresh", 401),
        ("POST", "/api/auth/login", 422),
        ("POST", "/api/webhooks/intake", 401),
        ("GET", "/api/clinic/resolve", 400),
        ("GET", "/api/clinic/resolve?slug=%00", 422),
    ],
)
def test_every_refusal_has_the_one_shape(v1: Running, method: str, path: str, status: int) -> None:
    answer = v1.client().request(method, path)

    assert answer.status_code == status
    _assert_error_shape(answer)


@pytest.mark.parametrize("patient_id", ["0", "-1", "abc", str(2**63), "9" * 5000, "%00"])
def test_an_id_that_cannot_be_one_is_refused_not_crashed_on(v1: Running, patient_id: str) -> None:
    answer = v1.logged_in(HARBOUR).get(f"/api/patients/{patient_id}")

    assert answer.status_code == 422
    _assert_error_shape(answer)


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "x" * 201, ""])
def test_odd_text_in_a_login_is_refused_and_not_repeated(v1: Running, odd: str) -> None:
    body = json.dumps(credentials(HARBOUR) | {"password": odd})

    answer = v1.client().post("/api/auth/login", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert HARBOUR.email not in answer.text
    _assert_error_shape(answer)


def test_a_crash_is_a_plain_500_with_the_request_id(serve: Serve) -> None:
    running = serve("v2-health-broken")

    answer = running.client().get("/api/health", headers={"X-Request-Id": "crash-1"})

    assert answer.json()["error"] == {
        "code": "internal_server_error",
        "message": "Internal Server Error.",
        "requestId": "crash-1",
    }
    crash = next(line for line in _lines(running) if line.get("step") == "unexpected error")
    assert (crash["requestId"], crash["error"]) == ("crash-1", "builtins.RuntimeError")


def test_a_request_id_that_could_carry_more_than_an_id_is_replaced(v1: Running) -> None:
    asked = "robin@harbour.example"

    assert v1.client().get("/api/health", headers={"X-Request-Id": asked}).headers["x-request-id"] != asked
    assert v1.client().get("/api/health", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"


def test_the_logs_of_a_whole_session_have_no_personal_data(serve: Serve) -> None:
    running = serve("v1")
    for login in LOGINS:
        _whole_session(running.logged_in(login), running)
    with psycopg.connect(running.database_url) as connection:  # a crash whose error text quotes a value
        connection.execute("ALTER TABLE phi_access_audit ADD CONSTRAINT broken CHECK (request_id <> 'Farthingale')")
    client = running.logged_in(HILLSIDE)
    assert client.get("/api/patients/201", headers={"X-Request-Id": "Farthingale"}).status_code == 500
    text = running.log.read_text().replace('"requestId": "Farthingale"', "")

    private = (
        {login.email for login in LOGINS} | {login.name for login in LOGINS} | {login.password for login in LOGINS}
    )
    private |= {word for one in PATIENTS for word in (one.given_name, one.family_name, one.phone, one.record_number)}
    private |= {one.date_of_birth.isoformat() for one in PATIENTS} | {"sentinel", "?", "/101"}
    assert [word for word in private if word in text] == []


def test_each_request_leaves_a_line_with_its_id_route_status_and_duration(serve: Serve) -> None:
    running = serve("v1")
    client = running.logged_in(HARBOUR)

    client.get("/api/patients/101", headers={"X-Request-Id": "look-1"})

    lines = [line for line in _lines(running) if line.get("requestId") == "look-1"]
    assert [line["step"] for line in lines] == ["patients: read", "request"]
    assert (lines[1]["route"], lines[1]["status"]) == ("/api/patients/{patient_id}", 200)
    assert all(0 <= line["duration"] < 10 for line in lines)
    logged_in = [line["step"] for line in _lines(running) if str(line.get("step")).startswith("login: ")]
    assert logged_in == ["login: find staff", "login: check password", "login: open session"]


def test_diagnostic_answers_have_no_secret(v1: Running) -> None:
    client = v1.client()
    text = "".join(client.get(path).text for path in ("/api/health", "/api/ready", "/api/auth/login/diagnostic"))

    assert not re.search(r"postgres(ql)?://|scrypt|@|intake-demo-secret", text)


def _whole_session(client: httpx.Client, running: Running) -> None:
    client.get("/api/auth/me")
    client.get("/api/patients?search=sentinel")
    client.get("/api/patients/101?name=sentinel")
    client.get("/patients/101")
    client.get("/nowhere/sentinel")
    client.post("/api/auth/login", json=credentials(HARBOUR) | {"password": "sentinel"})
    client.post("/api/auth/login", json={"email": "sentinel"})
    client.post("/api/webhooks/intake", content=b'{"name": "sentinel"}')
    client.post("/api/auth/refresh")
    client.post("/api/auth/logout")


def _lines(running: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in running.log.read_text().splitlines()]
