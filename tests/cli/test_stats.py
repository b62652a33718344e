"""`gatekeeper stats pull` and `gatekeeper lint --snapshot`, one after the other, on a real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.staging.server import StagingServer, embedded_server
from tests.gatekeeper.commands import gatekeeper


@pytest.fixture(scope="module")
def server() -> Iterator[StagingServer]:
    with embedded_server() as started:
        with started.connect() as connection:
            connection.execute("CREATE TABLE orders (id bigint PRIMARY KEY, note text)")
            connection.execute("INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 50000) n")
            connection.execute("CREATE TABLE small AS SELECT n FROM generate_series(1, 10) n")
        with started.connect() as later:
            later.execute("ANALYZE")
        yield started


@pytest.fixture
def history(tmp_path: Path) -> Path:
    (tmp_path / "0001_made.sql").write_text(
        "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\nCREATE TABLE small (n integer);\n"
    )
    (tmp_path / "0002_index.sql").write_text(
        "SET LOCAL lock_timeout = '2s';\n"
        "CREATE INDEX orders_note ON orders (note);\nCREATE INDEX small_n ON small (n);\n"
    )
    return tmp_path


def test_what_is_pulled_makes_the_linter_speak_in_rows(server: StagingServer, history: Path) -> None:
    snapshot = history / "production.json"

    pulled = gatekeeper("stats", "pull", "--url", server.url, "--output", snapshot)
    linted = gatekeeper("lint", history / "0002_index.sql", "--snapshot", snapshot)

    assert pulled.exit_code == 0
    assert pulled.out == ""
    assert "public.orders: 50,000 rows" in pulled.err
    assert "note: writes to public.orders wait until index orders_note is built; it indexes 50,000 rows" in linted.out
    assert "index-build-blocks-writes" in linted.out
    assert "writes to public.small" not in linted.out
    assert linted.exit_code == 0


def test_the_snapshot_goes_to_standard_output_without_a_file(server: StagingServer) -> None:
    pulled = gatekeeper("stats", "pull", "--url", server.url)

    assert json.loads(pulled.out)["version"] == 1
    assert "md5" not in pulled.out


def test_without_a_database_the_command_says_where_to_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = gatekeeper("stats", "pull")

    assert result.exit_code == 2
    assert "GATEKEEPER_MIGRATE__URL" in result.err


def test_a_file_that_is_no_snapshot_is_wrong_usage(history: Path) -> None:
    result = gatekeeper("lint", history, "--snapshot", history / "0001_made.sql")

    assert result.exit_code == 2
    assert "is not a snapshot of a database" in result.err
