"""The composite action's script, run as GitHub's runner would: annotations, summary, SARIF, outputs, exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT

SCRIPT = ROOT / ".github" / "actions" / "gatekeeper" / "run.sh"


def run(folder: Path, command: str, arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "GATEKEEPER": str(Path(sys.executable).with_name("gatekeeper")),
        "COMMAND": command, "ARGS": arguments, "CONFIG": "", "SINCE": "", "SARIF": str(folder / "found.sarif"),
        "RUNNER_TEMP": str(folder), "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }  # fmt: skip
    return subprocess.run(
        ["bash", str(SCRIPT)], cwd=folder, env=environment, text=True, capture_output=True, timeout=120, check=False
    )


def outputs(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "0001_orders.up.sql").write_text(
        "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n"
    )
    (tmp_path / "history" / "0001_orders.down.sql").write_text("DROP TABLE orders;\n")
    return tmp_path


def test_a_harmful_migration_is_annotated_summed_up_and_refused(folder: Path) -> None:
    (folder / "history" / "0002_note.up.sql").write_text("CREATE INDEX orders_note ON orders (note);\n")
    (folder / "history" / "0002_note.down.sql").write_text("DROP INDEX orders_note;\n")

    ran = run(folder, "check", "history")

    assert ran.returncode == 1
    assert "::error file=history/0002_note.up.sql,line=1" in ran.stdout
    assert outputs(folder)["verdict"] == "fail"
    assert int(outputs(folder)["findings"]) >= 1
    assert "index-build-blocks-writes" in (folder / "summary.md").read_text()
    assert json.loads((folder / "found.sarif").read_text())["version"] == "2.1.0"


def test_a_harmless_history_passes(folder: Path) -> None:
    ran = run(folder, "lint", "history")

    assert ran.returncode == 0, ran.stderr
    assert outputs(folder)["verdict"] == "pass"


def test_what_could_not_be_answered_is_unknown_not_a_pass(folder: Path) -> None:
    ran = run(folder, "lint", "nowhere")

    assert ran.returncode == 3
    assert outputs(folder)["verdict"] == "unknown"
