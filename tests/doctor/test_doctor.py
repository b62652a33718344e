"""The doctor looks at real servers and files, names what is wrong and how to mend it, and changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.gatekeeper.commands import gatekeeper

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_orders.up.sql").write_text("CREATE TABLE orders (id bigint PRIMARY KEY);\n")
    (tmp_path / "migrations" / "0001_orders.down.sql").write_text("DROP TABLE orders;\n")
    (tmp_path / "gatekeeper.toml").write_text("[lint]\nserver_version = 18\n")
    return tmp_path


@pytest.fixture
def target(server: StagingServer, scratch_databases: Scratch, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = scratch_databases.create()
    monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", url_of(server, name))
    yield url_of(server, name)
    scratch_databases.drop(name)


def examined() -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and by subject what was said of it."""
    answer = gatekeeper("doctor", "--format", "json", "--quiet")
    told: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(answer.out)["checks"]:
        told.setdefault(one["name"], []).append(one)
    return answer.exit_code, told


def states(told: dict[str, list[dict[str, str]]], subject: str) -> list[str]:
    return [one["state"] for one in told[subject]]


def test_a_project_that_is_set_up_is_well(target: str) -> None:
    exit_code, told = examined()

    assert exit_code == 0
    assert told["migrations"][0]["seen"] == "1 of golang_migrate"
    assert [(one["state"], one["seen"]) for one in told["target"]] == [
        ("well", "PostgreSQL 18, by a direct connection as postgres")
    ]
    assert states(told, "browser") == ["well"]


def test_looking_makes_no_store(project: Path) -> None:
    _, told = examined()

    assert states(told, "store") == ["unused"]
    assert not (project / ".gatekeeper").exists()


def test_a_role_that_sees_too_little_gets_the_grants_it_needs(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("CREATE ROLE narrow LOGIN")
    try:
        monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", target.replace("postgres@", "narrow@"))

        exit_code, told = examined()

        assert exit_code == 0
        assert [one["next_step"] for one in told["target"]][1:] == [
            'GRANT pg_read_all_stats TO "narrow";',
            'GRANT SET ON PARAMETER deadlock_timeout TO "narrow";',
        ]
        with psycopg.connect(target, autocommit=True) as connection:
            for one in told["target"][1:]:
                connection.execute(one["next_step"].encode())
        assert states(examined()[1], "target") == ["well"]
    finally:
        with psycopg.connect(target, autocommit=True) as connection:
            connection.execute("DROP OWNED BY narrow")
            connection.execute("DROP ROLE narrow")


def test_a_server_of_another_version_than_the_linter_is_told_is_advice(project: Path, target: str) -> None:
    (project / "gatekeeper.toml").write_text("[lint]\nserver_version = 15\n")

    exit_code, told = examined()

    assert exit_code == 0
    assert told["target"][1]["next_step"].startswith("Set server_version = 18 under [lint]")


def test_what_a_command_would_refuse_is_found_before_it_is_needed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "gatekeeper.toml").write_text(
        '[staging]\nurl = "postgresql://nobody@127.0.0.1:1/x"\n[smoke]\nurl = "http://127.0.0.1:1"\n'
        '[[smoke.check]]\nuse = "health"\n[deploy.options]\ndeploy = "not a list"\n'
    )
    monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", "postgresql://u:s3cret-word@127.0.0.1:1/x")
    monkeypatch.setenv("GATEKEEPER_CHROMIUM", "/nowhere/chromium")

    answer = gatekeeper("doctor", "--quiet")
    exit_code, told = examined()

    assert exit_code == answer.exit_code == 1
    for subject in ("staging", "target", "smoke checks", "browser", "provider"):
        assert states(told, subject) == ["wrong"], told[subject]
        assert told[subject][0]["next_step"]
    assert "deploy.options.deploy" in told["provider"][0]["seen"]
    assert "s3cret-word" not in answer.out + answer.err


def test_a_migration_that_cannot_be_read_is_named(project: Path) -> None:
    (project / "migrations" / "0002_other.up.sql").write_text("SELECT 1;\n")
    (project / "migrations" / "0002_same.up.sql").write_text("SELECT 1;\n")

    exit_code, told = examined()

    assert exit_code == 1
    assert "0002 is used twice" in told["migrations"][0]["seen"]
