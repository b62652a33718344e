"""Each check of HTTP passes on the clinic as it should be, and fails on its faulty twin for the right reason."""

from typing import Any

import pytest

from gatekeeper.demo.clinic.errors import ERROR_SCHEMA
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.seed import HARBOUR, HILLSIDE
from smoke.model import Verdict
from tests.smoke.conftest import ask_one
from tests.smoke.stand import Stand

pytestmark = pytest.mark.server


def credentials(login: Any) -> dict[str, str]:
    return {"clinic": login.clinic, "email": login.email, "password": login.password}


LOG_IN = {"method": "POST", "path": "/api/auth/login", "json": credentials(HARBOUR)}
INTAKE = {"submissionId": "{unique}", "clinic": "harbour", "answers": {"smoke": "{unique}"}}
SIGNATURE = {"header": "X-Intake-Signature", "secret": "intake-demo-secret", "prefix": "sha256="}
CRON = {"authorization": "Bearer cron-demo-secret"}

CASES: list[tuple[str, dict[str, Any], Fault, str]] = [
    ("health", {"json": {"version": "v2"}}, Fault.HEALTH_FAILS, "expected status 200, saw 500"),
    (
        "ready",
        {
            "has": ["build", "checks.schema.head"],
            "json": {"status": "ready", "build": "4f2a91c"},
            "pool_size": "checks.pool.size",
            "pool_in_use": "checks.pool.inUse",
        },
        Fault.READY_HIDES_BUILD,
        "expected a value at build, saw none",
    ),
    ("ready", {}, Fault.READY_TELLS_SECRET, "shows what nobody should see: user information in a URL"),
    ("version", {"expected": "v2"}, Fault.MIXED_VERSIONS, 'saw 3 from "v'),
    (
        "status",
        {"paths": {"/login": 200, "/api/patients": 401, "/.env": 404}},
        Fault.LOGIN_PAGE_MISSING,
        "GET /login: expected status 200, saw 404",
    ),
    ("redirect", {"to": "/patients", "status": 307}, Fault.REDIRECT_LOOP, "goes round in a circle"),
    (
        "security-headers",
        {"paths": ["/login", "/patients"], "log_in": [LOG_IN]},
        Fault.NO_SECURITY_HEADERS,
        "GET /login: Content-Security-Policy is missing",
    ),
    (
        "security-headers",
        {"paths": ["/login"], "log_in": [LOG_IN]},
        Fault.OPEN_COOKIES,
        "the cookie clinic_session is set without SameSite, HttpOnly",
    ),
    (
        "error-shape",
        {
            "schema": ERROR_SCHEMA,
            "journey": [{"path": "/api/patients"}],
            "sweep": [LOG_IN, {"path": "/api/clinic/resolve"}, {"path": "/api/patients/101"}],
        },
        Fault.ERRORS_SHOW_TRACE,
        "shows a stack trace",
    ),
    (
        "error-shape",
        {"schema": ERROR_SCHEMA, "journey": [{"path": "/api/nothing"}]},
        Fault.ERRORS_LOSE_SHAPE,
        "GET /api/nothing: 404 has another shape: the whole does not fit required",
    ),
    ("latency", {"p95_seconds": 0.25, "timeout_seconds": 6.0}, Fault.SLUGGISH, "expected at most 0.25 s"),
    (
        "rate-limit",
        {"request": {**LOG_IN, "json": {**credentials(HARBOUR), "email": "{unique}@example.com"}}},
        Fault.NO_RATE_LIMIT,
        "expected 429 within 30 requests, saw none",
    ),
    (
        "webhook-malformed",
        {"path": "/api/webhooks/intake", "sample": INTAKE, "signature": SIGNATURE},
        Fault.WEBHOOK_CRASHES,
        "no body is answered with 500, expected 400",
    ),
    (
        "api-chain",
        {
            "steps": [
                LOG_IN,
                {"path": "/api/patients", "capture": {"patient": "patients.0.id"}},
                {"path": "/api/patients/{patient}", "expect": {"recordNumber": "H-0004"}},
                {"method": "POST", "path": "/api/auth/logout"},
                {"path": "/api/auth/me", "status": 401},
            ]
        },
        Fault.LOGOUT_FORGETS,
        "step 5, GET /api/auth/me: expected status 401, saw 200",
    ),
    (
        "cron-route",
        {"request": {"method": "POST", "path": "/api/cron/end-sessions", "headers": CRON}},
        Fault.CRON_FAILS,
        "expected a status below 400, saw 500",
    ),
    (
        "cron-route",
        {"request": {"method": "POST", "path": "/api/cron/end-sessions", "headers": CRON}},
        Fault.CRON_OPEN,
        "answered 200 to a stranger",
    ),
    (
        "openapi",
        {"log_in": [LOG_IN], "skip": ["/api/patients/"]},
        Fault.ODD_INPUT_CRASHES,
        "GET /api/clinic/resolve: 500: Server error",
    ),
    (
        "tenant-isolation",
        {
            "login_path": "/api/auth/login",
            "a": {"body": credentials(HARBOUR), "routes": ["/api/patients/101", "/api/patients/104"]},
            "b": {"body": credentials(HILLSIDE), "routes": ["/api/patients/201"]},
        },
        Fault.LEAKS_OTHER_CLINICS,
        "GET /api/patients/101 of a answered 200 to b",
    ),
]


@pytest.mark.parametrize(("use", "options", "fault", "reason"), CASES, ids=[f"{c[0]}, {c[2].value}" for c in CASES])
def test_the_clinic_passes_and_its_faulty_twin_fails(
    clinic: Stand, use: str, options: dict[str, Any], fault: Fault, reason: str
) -> None:
    healthy = ask_one(clinic.url, use, **options)
    with clinic.broken(fault):
        faulty = ask_one(clinic.url, use, **options)

    assert healthy.verdict is Verdict.PASS, healthy.message
    assert faulty.verdict in {Verdict.FAIL, Verdict.CRITICAL}, faulty.message
    assert reason in faulty.message
    assert HARBOUR.password not in faulty.message
