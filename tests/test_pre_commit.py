"""The hook for pre-commit that other repositories use: its manifest is valid, and pre-commit runs it as it stands."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from git import Actor, Repo
from pre_commit.clientlib import load_manifest  # type: ignore[import-untyped]

from tests.pages import ROOT

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
ANNA = Actor("Anna", "anna@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one migration, and the hook switched on; the program is the one under test."""
    hooks: list[dict[str, Any]] = [
        hook | {"language": "system", "entry": hook["entry"].replace("gatekeeper", f"{sys.executable} -m gatekeeper")}
        for hook in load_manifest(str(MANIFEST))
    ]
    (tmp_path / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [{"repo": "local", "hooks": hooks}]}))
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1.sql").write_text("CREATE TABLE orders (id bigint, note text);\n")
    with Repo.init(tmp_path, initial_branch="main") as made:
        made.index.add([".pre-commit-config.yaml", "migrations/1.sql"])
        made.index.commit("first", author=ANNA, committer=ANNA)
    return tmp_path


def commit_hook(repository: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PRE_COMMIT_HOME": str(repository / ".git" / "pre-commit")}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--color", "never"],
        cwd=repository, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def stage(repository: Path, name: str, text: str) -> None:
    (repository / name).write_text(text)
    with Repo(repository) as opened:
        opened.index.add([name])


def test_the_manifest_is_one_that_pre_commit_accepts() -> None:
    (hook,) = load_manifest(str(MANIFEST))

    assert hook["id"] == "gatekeeper-lint"


def test_an_unsafe_migration_is_not_committed(repository: Path) -> None:
    stage(
        repository, "migrations/2.sql", "SET LOCAL lock_timeout = '2s';\nCREATE INDEX orders_note ON orders (note);\n"
    )

    result = commit_hook(repository)

    assert result.returncode == 1
    assert "migrations/2.sql:2:1: error: writes to public.orders wait" in result.stdout


def test_what_was_there_before_keeps_nobody_from_committing(repository: Path) -> None:
    stage(repository, "migrations/2.sql", "CREATE TABLE lines (id bigint);\n")

    result = commit_hook(repository)

    assert result.returncode == 0, result.stdout
    assert "Passed" in result.stdout
