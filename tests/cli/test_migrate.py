"""`gatekeeper migrate` says what it would do, what it did, and why it did not, in words and as JSON."""

import json
from pathlib import Path

import psycopg
import pytest

from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.gatekeeper.commands import gatekeeper


@pytest.fixture
def url(embedded: StagingServer, scratch_databases: Scratch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_orders.sql").write_text("CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n")
    made = url_of(embedded, scratch_databases.create())
    monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", made)
    return made


def test_a_plan_is_told_then_done_then_nothing_is_left(url: str, tmp_path: Path) -> None:
    assert gatekeeper("migrate").out.startswith("applied 0001_orders in ")
    (tmp_path / "migrations" / "0002_paid.sql").write_text("ALTER TABLE orders ADD COLUMN paid boolean;\n")

    told = gatekeeper("migrate", "--plan").out
    planned = json.loads(gatekeeper("migrate", "--plan", "--format", "json").out)
    done = json.loads(gatekeeper("migrate", "--format", "json").out)

    assert "locks public.orders in ACCESS EXCLUSIVE mode" in told
    assert "row 4: Roll the application back" in told
    assert planned["pending"] == ["0002_paid"]
    assert [one["id"] for one in done["applied"]] == ["0002_paid"]
    assert done["applied"][0]["attempts"][0]["statements"][0]["line"] == 1
    assert gatekeeper("migrate").out == "nothing is pending\n"


def test_giving_way_is_exit_code_4_with_who_held_what_and_none_of_their_data(url: str, tmp_path: Path) -> None:
    gatekeeper("migrate")
    (tmp_path / "migrations" / "0002_paid.sql").write_text("ALTER TABLE orders ADD COLUMN paid boolean;\n")

    with psycopg.connect(url, application_name="a long report") as long:
        long.execute("SELECT * FROM orders WHERE note = 'Jane Roe'")
        answer = gatekeeper("migrate", "--give-up-after", "500ms", "--format", "json")

    (seen,) = json.loads(answer.out)["gave_way"]["seen"]
    assert answer.exit_code == 4
    assert "a long report, idle in transaction" in seen
    assert "Jane" not in answer.out + answer.err


def test_a_role_without_a_time_is_wrong_usage() -> None:
    answer = gatekeeper("migrate", "--url", "postgresql:///x", "--cancel-blockers", "reporting")

    assert answer.exit_code == 2
    assert "500ms" in answer.err
