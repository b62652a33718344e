"""Each check of data passes on the clinic's servers as they should be, and fails on what it exists for."""

import shutil
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.seed import HARBOUR, HILLSIDE, PATIENTS
from smoke.model import Verdict
from tests.smoke.conftest import ask_one
from tests.smoke.stand import Stand
from tests.smoke.test_clinic import INTAKE, LOG_IN, SIGNATURE, credentials

pytestmark = pytest.mark.server

MARGARETHE = PATIENTS[0]
WRONG_LOGIN = {**LOG_IN, "json": {**credentials(HARBOUR), "password": "a guess"}}
with_pooler = pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer is not installed here")


def test_connections_within_the_budget_pass_and_those_beyond_it_fail(clinic: Stand) -> None:
    within = ask_one(clinic.url, "pool-budget", database_url=clinic.direct, instances=3, connection_limit=5)
    beyond = ask_one(clinic.url, "pool-budget", database_url=clinic.direct, pooler_size=40, others=20)
    with psycopg.connect(clinic.direct):
        crowded = ask_one(clinic.url, "pool-budget", database_url=clinic.direct, most_in_use=0.001)

    assert within.verdict is Verdict.PASS, within.message
    assert "40 of the pooler + 20 others = 60 connections, and the database has room for" in beyond.message
    assert (crowded.verdict, "are in use now" in crowded.message) == (Verdict.FAIL, True)


@with_pooler
def test_ways_through_and_around_the_pooler_are_told_apart(clinic: Stand) -> None:
    limited = f"{clinic.pooled}?connection_limit=3&pgbouncer=true"
    options = {"connection_limit": 3, "prisma": True}

    right = ask_one(clinic.url, "pooler-route", application_url=limited, migration_url=clinic.direct, **options)
    swapped = ask_one(clinic.url, "pooler-route", application_url=clinic.direct, migration_url=clinic.pooled, **options)

    assert right.verdict is Verdict.PASS, right.message
    assert swapped.verdict is Verdict.FAIL
    assert "application_url leads to the database itself" in swapped.message
    assert "migration_url leads to a pooler" in swapped.message


def test_a_replica_that_keeps_up_passes_and_one_that_stands_still_fails(clinic: Stand) -> None:
    options = {"primary_url": clinic.direct, "replica_url": clinic.standby}
    keeps_up = ask_one(clinic.url, "replica-lag", **options)
    with psycopg.connect(clinic.standby, autocommit=True) as standby:
        standby.execute("SELECT pg_wal_replay_pause()")
        try:
            clinic.execute("CREATE TABLE written (id int)", "DROP TABLE written")
            stands_still = ask_one(clinic.url, "replica-lag", most_seconds=0.2, **options)
        finally:
            standby.execute("SELECT pg_wal_replay_resume()")

    assert keeps_up.verdict is Verdict.PASS, keeps_up.message
    assert stands_still.verdict is Verdict.FAIL
    assert "bytes behind after 0.2 s" in stands_still.message


def test_an_index_that_a_failed_build_has_left_behind_is_named(clinic: Stand) -> None:
    before = ask_one(clinic.url, "invalid-indexes", database_url=clinic.direct)
    with pytest.raises(psycopg.errors.UniqueViolation):
        clinic.execute("CREATE UNIQUE INDEX CONCURRENTLY patients_one_each ON patients (clinic_id)")
    try:
        after = ask_one(clinic.url, "invalid-indexes", database_url=clinic.direct)
    finally:
        clinic.execute("DROP INDEX patients_one_each")

    assert before.verdict is Verdict.PASS, before.message
    assert "invalid: public.patients_one_each on patients" in after.message


def test_a_list_that_asks_once_more_for_each_row_is_over_its_budget(clinic: Stand) -> None:
    options: dict[str, Any] = {
        "database_url": clinic.direct,
        "log_in": [LOG_IN],
        "journeys": [{"name": "list", "steps": [{"path": "/api/patients"}], "statements": 5}],
    }
    healthy = ask_one(clinic.url, "query-budget", **options)
    with clinic.broken(Fault.QUERY_PER_PATIENT):
        faulty = ask_one(clinic.url, "query-budget", **options)

    assert healthy.verdict is Verdict.PASS, healthy.message
    assert faulty.verdict is Verdict.FAIL
    assert "expected at most 5; 4 of them SELECT id, record_number" in faulty.message
    assert "FROM patients WHERE id =" not in healthy.message


def test_a_transaction_that_somebody_forgot_is_named_and_its_query_is_not(clinic: Stand) -> None:
    options = {"database_url": clinic.direct, "most_idle_seconds": 0.01}
    before = ask_one(clinic.url, "long-transactions", database_url=clinic.direct)
    with psycopg.connect(clinic.direct, application_name="a-forgetful-report") as forgotten:
        forgotten.execute("SELECT family_name FROM patients WHERE family_name = 'Quillfeather'")
        threading.Event().wait(0.02)
        after = ask_one(clinic.url, "long-transactions", **options)

    assert before.verdict is Verdict.PASS, before.message
    assert "(a-forgetful-report, idle in transaction) for 0 s" in after.message
    assert "Quillfeather" not in after.message


def test_a_job_that_has_stopped_is_noticed_by_its_heartbeat(clinic: Stand) -> None:
    def beat(seconds: float) -> dict[str, Any]:
        sql = "SELECT max(started_at) FROM sessions WHERE staff_id % 2 >= 0"
        return {"beats": [{"name": "logins", "sql": sql, "most_seconds": seconds}], "database_url": clinic.direct}

    ask_one(clinic.url, "api-chain", steps=[LOG_IN])

    assert ask_one(clinic.url, "heartbeat", **beat(3600)).verdict is Verdict.PASS
    assert "logins: 0 s ago, expected at most 1e-05 s" in ask_one(clinic.url, "heartbeat", **beat(0.00001)).message


def test_a_submission_that_comes_twice_leaves_one_row_or_the_check_fails(clinic: Stand) -> None:
    options = {
        "path": "/api/webhooks/intake",
        "body": INTAKE,
        "signature": SIGNATURE,
        "database_url": clinic.direct,
        "count": "SELECT count(*) FROM intake_submissions WHERE answers->>'smoke' = %(unique)s",
    }
    healthy = ask_one(clinic.url, "webhook-idempotency", **options)
    with clinic.broken(Fault.WEBHOOK_STORES_TWICE):
        faulty = ask_one(clinic.url, "webhook-idempotency", **options)

    assert healthy.verdict is Verdict.PASS, healthy.message
    assert "delivered twice it left 2 rows; delivered 4 times at once it left 4 rows" in faulty.message


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.LOGS_NAMES, "the log clinic.log, line"),
        (Fault.NAMES_IN_URLS, "GET /api/patients/101: the URL that it leads to shows: planted sentinel"),
        (Fault.ERRORS_QUOTE_INPUT, "POST /api/auth/login: the error 401 shows: e-mail address, planted sentinel"),
    ],
)
def test_a_patients_name_shows_nowhere_or_the_check_fails(clinic: Stand, fault: Fault, reason: str) -> None:
    options = {
        "sentinels": [MARGARETHE.family_name, HARBOUR.email],
        "log_in": [LOG_IN],
        "journey": [{"path": "/api/patients"}, {"path": f"/api/patients/{MARGARETHE.id}"}, WRONG_LOGIN],
        "logs": [str(clinic.log)],
        "patterns": [r"\b[HP]-\d{4}\b"],
    }
    healthy = ask_one(clinic.url, "no-health-information", **options)
    with clinic.broken(fault):
        faulty = ask_one(clinic.url, "no-health-information", **options)

    assert healthy.verdict is Verdict.PASS, healthy.message
    assert faulty.verdict is Verdict.FAIL
    assert reason in faulty.message
    assert MARGARETHE.family_name not in faulty.message


def test_a_list_that_shows_the_other_clinics_patients_is_a_leak(clinic: Stand) -> None:
    def options(mark: str) -> dict[str, Any]:
        return {
            "login_path": "/api/auth/login",
            "lists": ["/api/patients"],
            "a": {"body": credentials(HARBOUR), "marks": [mark]},
            "b": {"body": credentials(HILLSIDE), "marks": ["P-0001"]},
        }

    tight = ask_one(clinic.url, "tenant-isolation", **options("H-0001"))
    leaking = ask_one(clinic.url, "tenant-isolation", **options("dateOfBirth"))

    assert tight.verdict is Verdict.PASS, tight.message
    assert leaking.verdict is Verdict.CRITICAL
    assert "GET /api/patients shows b a mark of a" in leaking.message


def test_a_database_that_is_not_there_is_inconclusive_and_its_password_does_not_show(clinic: Stand) -> None:
    outcome = ask_one(clinic.url, "invalid-indexes", database_url="postgresql://app:hunter2@127.0.0.1:9/app")

    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "cannot connect to 127.0.0.1:9/app: " in outcome.message
    assert "hunter2" not in outcome.message


def test_nothing_can_be_written_and_a_question_ends_in_time(clinic: Stand, tmp_path: Path) -> None:
    def ask(sql: str) -> Any:
        beats = [{"name": "x", "sql": sql, "most_seconds": 1}]
        return ask_one(clinic.url, "heartbeat", database_url=clinic.direct, beats=beats, timeout_seconds=1.0)

    clinic.execute(
        "CREATE OR REPLACE FUNCTION touched() RETURNS timestamptz LANGUAGE sql"
        " AS $$ DELETE FROM intake_submissions; SELECT now() $$"
    )

    assert "SQLSTATE 25006" in ask("SELECT touched()").message
    assert "SQLSTATE 57014" in ask("SELECT now() FROM pg_sleep(30)").message


def test_a_url_of_prisma_or_sqlalchemy_is_understood(clinic: Stand) -> None:
    host = clinic.direct.partition("?")[2]
    url = f"postgresql+psycopg://postgres@/clinic?{host}&schema=public&connection_limit=3&pool_timeout=10"

    assert ask_one(clinic.url, "invalid-indexes", database_url=url).verdict is Verdict.PASS
