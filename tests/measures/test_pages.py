"""Every measure's page is run: what it promises is what the measure counts on a real site, file or database."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from gatekeeper.config.settings import BakeSettings
from gatekeeper.errors import GatekeeperError
from gatekeeper.measures import NotMeasured, UnknownMeasure, Window, counts, kinds, measure
from gatekeeper.model.bake import Counts
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from smoke.errors import Misconfigured
from tests.conftest import url_of
from tests.pages import Section, examples
from tests.smoke.site import from_http, site

EXAMPLES = examples("gatekeeper/measures")
VARIABLE = "JOBS_DATABASE_URL"


@pytest.fixture
def environment(
    server: StagingServer, scratch_databases: Scratch, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """With a database where the page brings a schema."""
    before = request.getfixturevalue("example").text("sql", "before")
    if before is None:
        yield {}
        return
    name = scratch_databases.create()
    with psycopg.connect(url_of(server, name)) as connection:
        connection.execute(before.encode())
    yield {VARIABLE: url_of(server, name)}
    scratch_databases.drop(name)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_measure_counts_what_the_page_promises(
    example: Section, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    at = datetime.now(UTC)
    for path, text in example.files.items():
        if not path.startswith("/"):
            (tmp_path / path).write_text(text.replace("NOW", at.isoformat()))
    answers = [from_http(block.text, block.path) for block in example.all("http", "response")]
    [objective] = BakeSettings(**tomllib.loads(example.text("toml", "config") or "")["bake"]).objective

    with site(*answers) as running:
        options = {key: _here(value, running.url) for key, value in objective.options.items()}
        one = measure(objective.name, objective.use, options, environment)
        try:
            seen = one.read(Window(at - timedelta(minutes=1), at + timedelta(minutes=1)))
            told = f"{seen.bad} bad of {seen.total}"
        except NotMeasured as problem:
            told = f"not measured: {problem}"

    promised = (example.text("text", "outcome") or "").strip()
    kind, _, part = promised.partition(": ")
    assert (told == promised) or (part and told.startswith(kind) and part in told), told


def _here(value: object, url: str) -> object:
    """The page's `http://….example` is the site of the test."""
    if isinstance(value, str) and value.startswith("http://"):
        host = value.removeprefix("http://").partition("/")[0]
        return value.replace(f"http://{host}", url)
    return value


def test_every_measure_has_a_page() -> None:
    assert {example.name for example in EXAMPLES} == set(kinds())


def test_a_site_that_is_not_there_gives_only_bad_answers_and_no_error() -> None:
    probe = measure("availability", "probe", {"url": "http://127.0.0.1:1", "requests": 3}, {})

    assert probe.read(Window(datetime.now(UTC), datetime.now(UTC))) == Counts(3, 3)


@pytest.mark.parametrize("use", ["prometheus", "http-json"])
def test_a_source_that_is_not_there_is_not_measured(use: str) -> None:
    options = {"url": "http://127.0.0.1:1/{since}", "bad": "/a", "total": "/b", "timeout_seconds": 2}

    with pytest.raises(NotMeasured):
        measure("login", use, options, {}).read(Window(datetime.now(UTC), datetime.now(UTC)))


def test_a_query_that_takes_too_long_is_ended(server: StagingServer) -> None:
    url = url_of(server, "postgres")
    slow = measure("jobs", "sql", {"url": url, "query": "SELECT pg_sleep(30), 1", "timeout_seconds": 0.2}, {})

    with pytest.raises(NotMeasured, match="statement timeout"):
        slow.read(Window(datetime.now(UTC), datetime.now(UTC)))


def test_names_and_keys_that_nobody_knows_are_named() -> None:
    with pytest.raises(UnknownMeasure, match="prometheus"):
        measure("login", "promethius", {}, {})
    with pytest.raises(Misconfigured, match="bake objective 'login': urll: there is no such key"):
        measure("login", "prometheus", {"urll": "x"}, {})
    with pytest.raises(Misconfigured, match="url has to hold"):
        measure("login", "http-json", {"url": "http://x", "bad": "/a", "total": "/b"}, {})


@pytest.mark.parametrize(("bad", "total"), [("many", 3), (4, 3), (-1, 3), (float("nan"), 1), (None, 1)])
def test_what_is_no_count_is_refused(bad: object, total: object) -> None:
    with pytest.raises(GatekeeperError):
        counts(bad, total, "the source")
