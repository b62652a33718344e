"""Logging in, staying logged in, and logging out."""

import time
from collections.abc import Callable

import pytest

from gatekeeper.demo.clinic.seed import HARBOUR, HILLSIDE
from tests.demo.conftest import Running, Serve, credentials

pytestmark = pytest.mark.server


def test_a_login_opens_a_session_with_two_guarded_cookies(v1: Running) -> None:
    answer = v1.client().post("/api/auth/login", json=credentials(HARBOUR))

    cookies = sorted(answer.headers.get_list("set-cookie"))
    assert [cookie.partition("=")[0] for cookie in cookies] == ["clinic_refresh", "clinic_session"]
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies)
    assert not any("Secure" in cookie for cookie in cookies)


def test_cookies_are_secure_behind_a_proxy_that_speaks_https(v1: Running) -> None:
    answer = v1.client().post(
        "/api/auth/login", json=credentials(HARBOUR), headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "::1"}
    )

    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))


def test_the_session_knows_who_is_logged_in(v1: Running) -> None:
    assert v1.logged_in(HILLSIDE).get("/api/auth/me").json() == {
        "name": "Alex Thorn",
        "clinic": {"slug": "hillside", "name": "Hillside Practice"},
    }


@pytest.mark.parametrize(
    "wrong", [{"password": "guess"}, {"email": "nobody@harbour.example"}, {"clinic": "hillside"}, {"clinic": "nowhere"}]
)
def test_wrong_credentials_are_refused_alike(v1: Running, wrong: dict[str, str]) -> None:
    answer = v1.client().post("/api/auth/login", json=credentials(HARBOUR) | wrong)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "wrong_credentials")
    assert "set-cookie" not in answer.headers


def test_the_database_never_holds_a_token_or_a_password(v1: Running) -> None:
    client = v1.logged_in(HARBOUR)

    stored = str(
        v1.rows("SELECT sessions::text FROM sessions") + v1.rows("SELECT refresh_tokens::text FROM refresh_tokens")
    )
    stored += str(v1.rows("SELECT staff::text FROM staff"))

    assert not [secret for secret in (*client.cookies.values(), HARBOUR.password) if secret in stored]


def test_a_refresh_gives_new_tokens_and_the_old_access_token_is_over(v1: Running) -> None:
    client = v1.logged_in(HARBOUR)
    before = dict(client.cookies)

    assert client.post("/api/auth/refresh").status_code == 200

    assert not set(before.values()) & set(client.cookies.values())
    assert client.get("/api/auth/me").status_code == 200
    assert v1.client({"clinic_session": before["clinic_session"]}).get("/api/auth/me").status_code == 401


def test_an_old_refresh_token_ends_the_whole_family(v1: Running) -> None:
    client = v1.logged_in(HARBOUR)
    copied = {"clinic_refresh": client.cookies["clinic_refresh"]}
    client.post("/api/auth/refresh")

    assert v1.client(copied).post("/api/auth/refresh").status_code == 401

    assert client.get("/api/auth/me").status_code == 401
    assert client.post("/api/auth/refresh").status_code == 401


def test_an_access_token_runs_out_and_the_refresh_token_renews_it(serve: Serve) -> None:
    client = serve("v1", "--session-seconds", "1").logged_in(HARBOUR)
    access = client.cookies["clinic_session"]

    def is_over() -> bool:
        return client.get("/api/auth/me", headers={"Cookie": f"clinic_session={access}"}).status_code == 401

    assert _eventually(is_over)
    assert client.post("/api/auth/refresh").status_code == 200
    assert client.get("/api/auth/me").status_code == 200


def test_logging_out_ends_the_session_on_the_server(v1: Running) -> None:
    client = v1.logged_in(HARBOUR)
    copied = dict(client.cookies)

    assert client.post("/api/auth/logout").status_code == 200

    assert not client.cookies
    assert v1.client(copied).get("/api/auth/me").status_code == 401
    assert v1.client(copied).post("/api/auth/refresh").status_code == 401


def test_the_diagnostic_names_each_step_of_logging_in(v1: Running) -> None:
    told = v1.client().get("/api/auth/login/diagnostic").json()

    assert [(step["step"], step["state"]) for step in told["steps"]] == [
        ("database", "ok"),
        ("find staff", "ok"),
        ("check password", "ok"),
        ("open session", "ok"),
    ]


def _eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False
