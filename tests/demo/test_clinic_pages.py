"""The pages in a real browser: a person can log in and work, and is told what to do when something fails."""

import os
import shutil
import time
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from gatekeeper.demo.clinic.seed import HARBOUR
from tests.demo.conftest import Databases, Running, Serve
from tests.demo.test_clinic_releases import allow_connections

pytestmark = [pytest.mark.server, pytest.mark.browser]

BUSY = {"error": {"code": "database_busy", "message": "Busy.", "requestId": "r-1", "retryAfter": 3}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = os.environ.get("GATEKEEPER_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


class Logins:
    """Answers the page's logins as told, and remembers when each came."""

    def __init__(self, page: Page, *answers: tuple[int, dict[str, object], dict[str, str]] | None) -> None:
        self.times: list[float] = []
        self._answers = list(answers)
        page.route("**/api/auth/login", self._answer)

    def _answer(self, route: Route) -> None:
        self.times.append(time.monotonic())
        told = self._answers.pop(0) if self._answers else None
        if told is None:
            route.continue_()
        elif told[0] == 0:
            route.abort()
        else:
            route.fulfill(status=told[0], json=told[1], headers=told[2])


def _open_login(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/login?clinic=harbour")
    page.get_by_label("Email").fill(HARBOUR.email)
    page.get_by_label("Password").fill(HARBOUR.password)


def _log_in(page: Page, running: Running) -> None:
    _open_login(page, running)
    page.get_by_role("button", name="Log in").click()


def test_a_person_logs_in_reads_a_patient_and_logs_out(page: Page, v1: Running) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))

    _log_in(page, v1)

    expect(page.get_by_role("heading", name="Patients")).to_be_visible()
    expect(page.get_by_text("Harbour Clinic")).to_be_visible()
    page.get_by_role("link", name="Quillfeather, Margarethe").click()
    expect(page.get_by_role("heading", name="Margarethe Quillfeather")).to_be_visible()
    expect(page.get_by_text("+44 1632 960101")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    assert [cookie["name"] for cookie in page.context.cookies()] == []
    assert problems == []


def test_who_is_not_logged_in_is_sent_to_the_login(page: Page, v1: Running) -> None:
    page.goto(v1.url)

    page.wait_for_url("**/login")
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()


def test_wrong_credentials_are_told_and_not_sent_again(page: Page, v1: Running) -> None:
    logins = Logins(page)
    _open_login(page, v1)
    page.get_by_label("Password").fill("guess")

    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("status")).to_contain_text("Clinic, email or password is not right.")
    page.wait_for_timeout(1200)
    assert len(logins.times) == 1


@pytest.mark.parametrize("hiccup", [502, 0], ids=["502", "no answer"])
def test_a_hiccup_is_tried_again_once_after_a_pause(page: Page, v1: Running, hiccup: int) -> None:
    logins = Logins(page, (hiccup, {}, {}))

    _log_in(page, v1)

    expect(page.get_by_role("heading", name="Patients")).to_be_visible()
    assert len(logins.times) == 2
    assert logins.times[1] - logins.times[0] > 0.5


def test_a_server_that_keeps_failing_is_asked_twice_and_no_more(page: Page, serve: Serve) -> None:
    logins = Logins(page)

    _log_in(page, serve("v2-login-broken"))

    expect(page.get_by_role("status")).to_contain_text("The fault is on our side")
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    assert len(logins.times) == 2


@pytest.mark.parametrize(
    ("body", "headers"),
    [(BUSY, {}), ({"error": {"code": "busy"}}, {"Retry-After": "3"})],
    ids=["in the body", "in the header"],
)
def test_a_503_that_says_when_to_come_back_counts_down_and_one_click_sends_one_request(
    page: Page, v1: Running, body: dict[str, object], headers: dict[str, str]
) -> None:
    logins = Logins(page, (503, body, headers), (502, {}, {}))
    page.clock.install()
    _log_in(page, v1)
    status, retry = page.get_by_role("status"), page.get_by_role("button", name="Retry")

    for left in (3, 2, 1):
        expect(status).to_contain_text(f"try again in {left} s")
        expect(page.get_by_role("button", name="Log in")).to_be_disabled()
        expect(retry).to_be_hidden()
        page.clock.run_for(1000)
    retry.dblclick()

    expect(status).to_contain_text("Logging in did not work")
    page.clock.run_for(10_000)
    assert len(logins.times) == 2


def test_maintenance_disables_the_form_and_ends_without_a_reload(
    page: Page, serve: Serve, databases: Databases, database: str
) -> None:
    running = serve("v1")
    allow_connections(databases, database, allowed=False)
    _open_login(page, running)
    expect(page.get_by_role("status")).to_contain_text("System maintenance")
    expect(page.get_by_role("button", name="Log in")).to_be_disabled()

    allow_connections(databases, database, allowed=True)

    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    expect(page.get_by_role("status")).not_to_contain_text("System maintenance")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Patients")).to_be_visible()


@pytest.mark.parametrize("dead", ["abort", "500", "malformed", "hang"])
def test_login_survives_a_dead_resolver(page: Page, v1: Running, dead: str) -> None:
    def answer(route: Route) -> None:
        if dead == "abort":
            route.abort()
        elif dead != "hang":
            route.fulfill(status=500 if dead == "500" else 200, body="<html>")

    page.route("**/api/clinic/resolve*", answer)

    _log_in(page, v1)

    expect(page.get_by_role("heading", name="Patients")).to_be_visible()


def test_the_clinics_name_follows_what_is_typed(page: Page, v1: Running) -> None:
    page.goto(f"{v1.url}/login")
    page.get_by_label("Clinic").fill("hillside")
    page.get_by_label("Email").focus()

    expect(page.get_by_text("Hillside Practice")).to_be_visible()


def test_a_session_that_ran_out_is_renewed_without_a_new_login(page: Page, serve: Serve) -> None:
    running = serve("v1", "--session-seconds", "1")
    _log_in(page, running)
    expect(page.get_by_role("link", name="Emberwick, Tobias")).to_be_visible()
    page.wait_for_timeout(1200)

    page.get_by_role("link", name="Emberwick, Tobias").click()

    expect(page.get_by_role("heading", name="Tobias Emberwick")).to_be_visible()


def test_v2_shows_the_preferred_name(page: Page, serve: Serve, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE patients SET preferred_name = 'Greta' WHERE id = 101")
    running = serve("v2")
    _log_in(page, running)
    expect(page.get_by_role("heading", name="Patients")).to_be_visible()

    page.goto(f"{running.url}/patients/101")

    expect(page.get_by_text("Greta")).to_be_visible()


def test_another_clinics_patient_cannot_be_opened(page: Page, v1: Running) -> None:
    _log_in(page, v1)
    expect(page.get_by_role("heading", name="Patients")).to_be_visible()

    page.goto(f"{v1.url}/patients/201")

    expect(page.get_by_role("status")).to_contain_text("There is no such patient.")
