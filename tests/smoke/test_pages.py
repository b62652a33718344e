"""Every check's page is run: what it promises the reader is what the check says about a real site."""

import re
import secrets
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gatekeeper.staging.server import StagingServer
from smoke.model import Target
from smoke.run import checks_from, run
from smoke.settings import SmokeSettings
from tests.conftest import url_of
from tests.pages import ROOT, Section, examples
from tests.smoke.site import from_html, from_http, site

EXAMPLES = examples("smoke/checks")


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_check_says_of_the_page_what_the_page_promises(
    example: Section, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    answers = [from_http(block.text, block.path) for block in example.all("http", "response")]
    answers += [from_html(block.text, block.path) for block in example.all("html", "page")]
    config = example.text("toml", "config")
    outcome = example.text("text", "outcome")
    assert config is not None
    assert outcome is not None
    verdict, _, message = outcome.strip().partition(": ")

    environment = _environment(config)
    with ExitStack() as stack:
        if "DATABASE_URL" in environment:
            before = "\n".join(block.text for block in example.all("sql", "before"))
            server = request.getfixturevalue("embedded")
            environment["DATABASE_URL"] = stack.enter_context(_database(server, before))
        checks = checks_from(_settings(config), environment)
        running = stack.enter_context(site(*answers))
        report = run(checks, Target(running.url, tmp_path), time.monotonic() + 60)

    [seen] = report.outcomes
    assert (seen.verdict.value, message in seen.message) == (verdict, True), seen.message
    for secret in environment.values():
        assert secret not in seen.message


@contextmanager
def _database(server: StagingServer, before: str) -> Iterator[str]:
    name = f"page_{secrets.token_hex(6)}"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
    try:
        with server.connect(name) as connection:
            connection.execute(before.encode())
        yield url_of(server, name)
    finally:
        with server.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _settings(config: str) -> SmokeSettings:
    from pydantic import TypeAdapter

    return TypeAdapter(SmokeSettings).validate_python(tomllib.loads(config)["smoke"])


def _environment(config: str) -> dict[str, str]:
    """Every `env:NAME` of the page is set to a value that cannot be mistaken for anything else."""
    return {name: f"value-of-{name.lower()}" for name in re.findall(r"env:(\w+)", config)}


HOW_TO = ROOT / "docs/how-to/smoke-a-real-application.md"


@pytest.mark.parametrize("config", re.findall(r"```toml\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL))
def test_the_settings_for_real_applications_are_understood(config: str) -> None:
    settings = _settings(config)

    assert len(checks_from(settings, _environment(config))) == len(settings.check)
