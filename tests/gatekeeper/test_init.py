"""`gatekeeper init` in real folders: what it finds, what it writes, and that it overwrites nothing unasked."""

import json
from pathlib import Path

import pytest

from gatekeeper.config.load import load
from gatekeeper.config.settings import Settings
from tests.gatekeeper.commands import gatekeeper

SETTINGS = Path("gatekeeper.toml")
WORKFLOW = Path(".github/workflows/gatekeeper.yml")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "clinic"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(path: str, text: str = "CREATE TABLE clinics (id bigint);\n") -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


HISTORIES = {
    "alembic": ("server/alembic", ("server/alembic/env.py", "server/alembic/versions/a1.py")),
    "prisma": ("packages/db/migrations", ("packages/db/migrations/1_a/migration.sql",)),
    "golang_migrate": ("db", ("db/1_a.up.sql", "db/1_a.down.sql")),
    "raw_sql": ("sql", ("sql/first.sql",)),
}


@pytest.mark.parametrize("tool", HISTORIES)
def test_the_tool_and_its_folder_are_found(tool: str) -> None:
    folder, paths = HISTORIES[tool]
    for path in paths:
        write(path)

    answer = gatekeeper("init")

    assert answer.exit_code == 0
    assert f"found {tool} migrations in {folder}" in answer.out
    settings = load()
    assert settings.migrations.paths == (Path(folder),)
    assert settings.migrations.format == tool
    assert settings.service.name == "clinic"


def test_two_tools_are_both_found() -> None:
    write("a/1_a.up.sql")
    write("b/1_a/migration.sql")

    gatekeeper("init")

    migrations = load().migrations
    assert (migrations.paths, migrations.format) == ((Path("a"), Path("b")), "auto")


def test_installed_packages_hold_no_history_of_ours() -> None:
    write("node_modules/tool/migrations/1_a/migration.sql")
    write(".venv/lib/migrations/1_a.up.sql")

    answer = gatekeeper("init", "--format", "json")

    assert json.loads(answer.out)["found"] == []


def test_without_migrations_the_rest_is_written_and_what_to_set_is_said() -> None:
    answer = gatekeeper("init")

    assert answer.exit_code == 0
    assert "found no migrations; set `paths` under [migrations]" in answer.out
    assert load().migrations == Settings().migrations


def test_the_workflow_uses_the_action_of_this_version() -> None:
    gatekeeper("init")

    workflow = WORKFLOW.read_text()
    assert "/.github/actions/gatekeeper@v" in workflow
    assert "fetch-depth: 0" in workflow
    assert "since: origin/${{ github.base_ref }}" in workflow


@pytest.mark.parametrize("existing", [SETTINGS, WORKFLOW], ids=str)
def test_a_file_that_exists_is_kept_and_nothing_else_is_written(existing: Path) -> None:
    write(str(existing), "mine\n")

    answer = gatekeeper("init")

    assert answer.exit_code == 2
    assert f"{existing} exists already; nothing was written" in answer.err
    assert existing.read_text() == "mine\n"
    assert [path for path in (SETTINGS, WORKFLOW) if path.exists()] == [existing]


def test_force_replaces_what_is_there() -> None:
    write("gatekeeper.toml", "mine\n")

    answer = gatekeeper("init", "--force")

    assert answer.exit_code == 0
    assert load().service.name == "clinic"


def test_the_settings_file_may_have_another_name() -> None:
    answer = gatekeeper("init", "--config", "deploy/settings.toml")

    assert "wrote deploy/settings.toml" in answer.out
    assert load(Path("deploy/settings.toml")).service.name == "clinic"


def test_a_folder_with_quotes_in_its_name_is_written_as_it_is(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = repository / 'the "clinic" \\ ünïcode'
    odd.mkdir()
    monkeypatch.chdir(odd)

    gatekeeper("init")

    assert load().service.name == odd.name
