"""Every check's page is run: what it promises the reader is what the check says about a real site."""

import re
import time
import tomllib
from pathlib import Path

import pytest

from smoke.model import Target
from smoke.run import checks_from, run
from smoke.settings import SmokeSettings
from tests.pages import Section, examples
from tests.smoke.site import from_html, from_http, site

EXAMPLES = examples("smoke/checks")


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_check_says_of_the_page_what_the_page_promises(example: Section, tmp_path: Path) -> None:
    answers = [from_http(block.text, block.path) for block in example.all("http", "response")]
    answers += [from_html(block.text, block.path) for block in example.all("html", "page")]
    config = example.text("toml", "config")
    outcome = example.text("text", "outcome")
    assert config is not None
    assert outcome is not None
    verdict, _, message = outcome.strip().partition(": ")

    checks = checks_from(_settings(config), _environment(config))
    with site(*answers) as running:
        report = run(checks, Target(running.url, tmp_path), time.monotonic() + 60)

    [seen] = report.outcomes
    assert (seen.verdict.value, message in seen.message) == (verdict, True), seen.message
    for secret in _environment(config).values():
        assert secret not in seen.message


def _settings(config: str) -> SmokeSettings:
    from pydantic import TypeAdapter

    return TypeAdapter(SmokeSettings).validate_python(tomllib.loads(config)["smoke"])


def _environment(config: str) -> dict[str, str]:
    """Every `env:NAME` of the page is set to a value that cannot be mistaken for anything else."""
    return {name: f"value-of-{name.lower()}" for name in re.findall(r"env:(\w+)", config)}
