"""`--since`: what git knows of a history reaches the rules about it."""

import json
from pathlib import Path

import pytest
from git import Repo

from tests.gatekeeper.commands import gatekeeper


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("1_a", "3_c"):
        (folder / f"{name}.up.sql").write_text(f"CREATE TABLE {name[2:]} (id bigint);\n")
        (folder / f"{name}.down.sql").write_text(f"DROP TABLE {name[2:]};\n")
    with Repo.init(tmp_path) as repository:
        repository.config_writer().set_value("user", "name", "Anna").set_value(
            "user", "email", "a@example.org"
        ).release()
        repository.git.add(".")
        repository.git.commit("-m", "released")
    return folder


def findings() -> list[tuple[str, str]]:
    report = json.loads(gatekeeper("lint", "--since", "HEAD", "--format", "json").out)
    return [(Path(one["path"]).name, one["message"]) for one in report["findings"] if one["rule"] == "history-branches"]


def test_an_edited_release_and_a_late_arrival_are_found_and_nothing_else(migrations: Path) -> None:
    assert findings() == []
    (migrations / "1_a.up.sql").write_text("CREATE TABLE a (id bigint, name text);\n")
    (migrations / "2_b.up.sql").write_text("CREATE TABLE b (id bigint);\n")
    (migrations / "4_d.up.sql").write_text("CREATE TABLE d (id bigint);\n")

    assert sorted(name for name, _ in findings()) == ["1_a.up.sql", "2_b.up.sql"]


def test_a_way_down_may_be_mended_after_the_release(migrations: Path) -> None:
    (migrations / "3_c.down.sql").write_text("DROP TABLE IF EXISTS c;\n")

    assert findings() == []
