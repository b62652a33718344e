"""`gatekeeper verify` and `check` as a user calls them, on the embedded PostgreSQL."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import psycopg
import pytest

from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.gatekeeper.commands import gatekeeper

SCHEMA = json.loads((Path(__file__).parent.parent / "schemas" / "verify.schema.json").read_text())
HISTORY = {
    "0001_orders": ("CREATE TABLE orders (id bigint PRIMARY KEY, note text);", "DROP TABLE orders;"),
    "0002_proven": ("ALTER TABLE orders ALTER note SET DEFAULT '';", "ALTER TABLE orders ALTER note DROP DEFAULT;"),
    "0003_lossy": ("ALTER TABLE orders ADD COLUMN paid boolean;", "ALTER TABLE orders DROP COLUMN paid;"),
    "0004_refuted": ("CREATE INDEX orders_note ON orders (note);", "SELECT 1;"),
    "0005_failed": ("ALTER TABLE orders ADD COLUMN total int;", "ALTER TABLE orders DROP COLUMN totl;"),
    "0006_irreversible": ("ALTER TABLE orders ADD COLUMN place int;", None),
}  # fmt: skip


@pytest.fixture
def history(tmp_path: Path) -> Path:
    for name, (up, down) in HISTORY.items():
        (tmp_path / f"{name}.up.sql").write_text(up + "\n")
        if down is not None:
            (tmp_path / f"{name}.down.sql").write_text(down + "\n")
    return tmp_path


def test_each_verdict_is_given_for_its_reason_and_the_json_keeps_its_promise(history: Path) -> None:
    answer = gatekeeper("verify", history, "--format", "json", "--quiet")
    report = json.loads(answer.out)

    jsonschema.validate(report, SCHEMA)
    verdicts = {Path(m["path"]).name.split(".")[0]: m["verdict"] for m in report["migrations"]}
    assert verdicts == {
        "0001_orders": "lossy",
        "0002_proven": "proven",
        "0003_lossy": "lossy",
        "0004_refuted": "refuted",
        "0005_failed": "failed",
        "0006_irreversible": "irreversible",
    }
    (left_over,) = report["migrations"][3]["schema_differences"]
    assert (left_over["class"], left_over["kind"]) == ("left over", "index")
    assert (left_over["grade"], left_over["tolerated"]) == ("performance", False)
    assert "orders_note" in left_over["name"]
    error = report["migrations"][4]["error"]
    assert (error["direction"], error["sqlstate"]) == ("down", "42703")
    assert answer.exit_code == 1


def test_a_proven_history_is_exit_code_0_and_says_what_was_done(history: Path) -> None:
    answer = gatekeeper("verify", history / "0002_proven.up.sql", "--quiet")

    assert answer.exit_code == 0
    assert "proven" in answer.out
    assert "1 proven, on PostgreSQL" in answer.out


def test_an_unreachable_server_is_one_sentence_without_the_password(history: Path) -> None:
    url = "postgresql://tester:hunter2@127.0.0.1:9/nothing"
    answer = gatekeeper("verify", history, "--staging", url, "--quiet")

    assert answer.exit_code == 3
    assert "127.0.0.1" in answer.err
    assert "hunter2" not in answer.err + answer.out
    assert "Traceback" not in answer.err


def test_check_says_both_answers(history: Path) -> None:
    answer = gatekeeper("check", history / "0004_refuted.up.sql", "--format", "json", "--quiet")
    report = json.loads(answer.out)

    assert answer.exit_code == 1
    assert report["verdict"] == "fail"
    assert "index-build-blocks-writes" in {finding["rule"] for finding in report["lint"]["findings"]}
    assert [m["verdict"] for m in report["verify"]["migrations"]] == ["refuted"]


def test_what_no_text_tells_is_judged_by_what_the_server_was_seen_to_do(history: Path, server: StagingServer) -> None:
    block = "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'orders' || ' ALTER id TYPE int'; END $$;\n"
    (history / "0002_proven.up.sql").write_text(f"SELECT 1;\n{block}")
    words = ("check", history / "0002_proven.up.sql", "--staging", server.url, "--quiet")
    seen, as_json = gatekeeper(*words), gatekeeper(*words, "--format", "json")
    (history / "0002_proven.up.sql").write_text(f"-- gatekeeper: allow effect-unknown because it is small\n{block}")
    allowed = gatekeeper(*words, "--format", "json")

    harms = json.loads(as_json.out)["verify"]["migrations"][0]["harms"]
    assert "up, line 2: error, as seen: reads and writes of public.orders wait while it is rewritten" in seen.out
    assert "lock-waits-without-timeout" in {harm["rule"] for harm in harms}
    assert ("effect-unknown", "error", 2) in {(harm["rule"], harm["severity"], harm["line"]) for harm in harms}
    assert json.loads(allowed.out)["verify"]["migrations"][0]["harms"] == []
    jsonschema.validate(json.loads(as_json.out)["verify"], SCHEMA)


def test_the_version_before_is_asked_on_the_new_schema(history: Path, server: StagingServer, tmp_path: Path) -> None:
    config = tmp_path / "gatekeeper.toml"
    shop, pids = Path(__file__).parent.parent / "staging" / "shop.py", tmp_path / "pids"
    config.write_text(
        f'[staging]\ncache = "{tmp_path}/kept"\n[staging.app]\n'
        f'start = ["{sys.executable}", "{shop}", "{{version}}", "{{port}}"]\n'
        f'environment = {{ DATABASE_URL = "{{database_url}}", PIDS = "{pids}" }}\n'
        '[[smoke.check]]\nuse = "health"\noptions = { path = "/orders" }\n'
    )
    (history / "0003_lossy.up.sql").write_text("ALTER TABLE orders RENAME note TO remark;\n")
    words = ("verify", history / "0003_lossy.up.sql", "--previous", "v1", "--staging", server.url, "--quiet")
    told = gatekeeper(*words, "--config", config)
    unset = gatekeeper(*words)

    assert told.exit_code == 1
    assert "v1 on the new schema: disproven: 0 of 1 checks passed on the new schema; health" in told.out
    assert (unset.exit_code, "Set `start` under [staging.app]" in unset.err) == (2, True)


def test_what_has_not_changed_is_not_run_again(history: Path, tmp_path: Path) -> None:
    config = tmp_path / "gatekeeper.toml"
    config.write_text(f'[staging]\ncache = "{tmp_path / "kept"}"\n')
    words = ("verify", history, "--all", "--config", config, "--quiet")
    first, second = gatekeeper(*words), gatekeeper(*words)

    assert "6 known from earlier runs" in second.out
    assert second.out.splitlines()[:-1] == first.out.splitlines()[:-1]
    assert second.exit_code == first.exit_code == 1

    (history / "0003_lossy.down.sql").write_text("SELECT 1;\n")
    third = gatekeeper(*words)
    assert "5 known from earlier runs" in third.out  # a way down is nobody else's business
    assert "refuted      0003" in third.out

    (history / "0002_proven.up.sql").write_text("ALTER TABLE orders ALTER note SET DEFAULT 'none';\n")
    assert "1 known from earlier runs" in gatekeeper(*words).out  # what comes after stands on it


def test_the_other_formats_say_the_same(history: Path) -> None:
    junit = ElementTree.fromstring(gatekeeper("verify", history, "--format", "junit", "--quiet").out)
    markdown = gatekeeper("verify", history, "--format", "markdown", "--quiet").out

    (suite,) = junit
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "2", "1")
    failures = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failures == ["0004 can be rolled back", "0005 can be rolled back"]
    assert "| 🛑 refuted | `0004` | + index " in markdown
    assert "`0002`" not in markdown  # what is proven needs no words
    assert 'column "totl"' in markdown


def test_the_witness_counts_on_a_live_database_what_a_way_down_would_destroy_now(
    history: Path, server: StagingServer, scratch_databases: Scratch
) -> None:
    live = url_of(server, scratch_databases.create())
    with psycopg.connect(live) as session:
        session.execute("CREATE TABLE orders (id bigint PRIMARY KEY, note text, paid boolean)")
        session.execute("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
        session.execute("INSERT INTO schema_migrations VALUES (3, false)")
    lossy = ("verify", history / "0003_lossy.up.sql", "--staging", server.url, "--quiet")
    nothing = gatekeeper(*lossy, "--witness", live, "--format", "json")
    with psycopg.connect(live) as session:
        session.execute("INSERT INTO orders VALUES (1, 'secret words', true), (2, 'x', NULL)")
    one = gatekeeper(*lossy, "--witness", live)
    with psycopg.connect(live) as session:
        session.execute("ALTER TABLE orders RENAME paid TO settled")
    unknown = gatekeeper(*lossy, "--witness", live)
    with psycopg.connect(live) as session:
        session.execute("UPDATE schema_migrations SET version = 2")
    not_there = gatekeeper(*lossy, "--witness", live)

    jsonschema.validate(json.loads(nothing.out), SCHEMA)
    assert [loss["rows"] for loss in json.loads(nothing.out)["migrations"][0]["loss"]] == [0]
    assert (nothing.exit_code, one.exit_code, unknown.exit_code, not_there.exit_code) == (0, 1, 3, 0)
    assert "1 row on the live database now: SELECT count(*)" in one.out
    assert "secret" not in one.out
    assert 'unknown on the live database (column "paid" does not exist)' in unknown.out
    assert "not counted on the live database (0003 is not applied there)" in not_there.out


def test_the_timeline_draws_every_table_that_was_locked(history: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "locks.svg"
    gatekeeper("verify", history / "0004_refuted.up.sql", "--timeline", drawing, "--quiet")
    svg = ElementTree.fromstring(drawing.read_text())

    words = [element.text or "" for element in svg.iter() if element.tag.endswith(("text", "title"))]
    assert "public.orders" in words
    assert any(word.startswith("SHARE, held for") and "CREATE INDEX" in word for word in words)


def test_the_report_says_who_waits(history: Path) -> None:
    answer = gatekeeper("verify", history / "0004_refuted.up.sql", "--format", "json", "--quiet")
    (wait,) = json.loads(answer.out)["migrations"][0]["up"]["waits"]

    assert (wait["relation"], wait["reads"], wait["writes"]) == ("public.orders", False, True)
    assert "up: writes wait for public.orders" in gatekeeper("verify", history / "0004_refuted.up.sql", "--quiet").out
