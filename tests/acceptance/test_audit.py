"""A release leaves a log that can be checked without us, and nobody rewrites it unseen."""

import json
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import Project
from tests.acceptance.test_release import start_and_approve


def exported(project: Project, *words: str) -> dict[str, Any]:
    done = project.run("audit", "export", "--output", "log.json", *words)
    assert done.returncode == 0, done.stderr
    read = json.loads((project.folder / "log.json").read_text())
    assert isinstance(read, dict)
    return read


def test_a_release_and_its_approval_are_in_a_log_that_verifies_and_whoever_rewrites_it_is_found(
    project: Project,
) -> None:
    release = start_and_approve(project, "v2")
    assert project.run("release", "resume", release).returncode == 0

    log = exported(project)
    actions = [entry["action"] for entry in log["entries"]]
    assert actions[0] == "start"
    assert actions.count("approve") == 1
    assert actions[-1] == "released"
    assert {"lint: done", "migrate: done", "deploy: done", "smoke: done"} <= set(actions)
    assert "manager@example.com" not in json.dumps(log)
    assert "manager@example.com" in exported(project, "--with-details")["actors"].values()
    whole = project.run("audit", "verify", "log.json", "--key", log["verifier_key"])
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert project.run("audit", "verify").returncode == 0
    assert (project.folder / ".gatekeeper" / "audit-key.pem").stat().st_mode & 0o777 == 0o600

    assert project.run("audit", "export", "--release", release, "--output", "evidence.zip").returncode == 0
    zipfile.ZipFile(project.folder / "evidence.zip").extractall(project.folder / "evidence")
    command = [sys.executable, "-I", "-S", "verify.py", "--key", log["verifier_key"]]
    alone = subprocess.run(command, cwd=project.folder / "evidence", capture_output=True, text=True, check=False)
    assert (alone.returncode, alone.stdout[:1]) == (0, "✓"), alone.stdout + alone.stderr
    assert {"verify.json", "smoke.json"} <= {file.name for file in (project.folder / "evidence/evidence").iterdir()}

    head = _kept_head(project, release)
    _rewrite(project.folder / ".gatekeeper" / "gatekeeper.sqlite", actions.index("approve"))
    tampered = project.run("audit", "verify", "--head", str(head), "--format", "json")

    assert tampered.returncode == 1
    assert json.loads(tampered.stdout)["bad"]["entry"] == actions.index("approve")


def test_a_key_that_is_none_stops_a_release_before_it_begins(project: Project) -> None:
    (project.folder / ".gatekeeper").mkdir()
    (project.folder / ".gatekeeper" / "audit-key.pem").write_text("no key at all\n")

    started = project.run("release", "start", "--version", "v2")

    assert started.returncode == 2
    assert "is not an Ed25519 private key" in started.stderr
    assert json.loads(project.run("release", "status", "--format", "json").stdout) == []


def test_a_file_that_is_no_log_is_refused(project: Project) -> None:
    (project.folder / "other.json").write_text('{"version": 1}')

    refused = project.run("audit", "verify", "other.json")

    assert refused.returncode == 2
    assert "verifier_key is missing" in refused.stderr


def _kept_head(project: Project, release: str) -> Path:
    """The head that a careful team copies to another place."""
    kept = project.folder / "kept-head.txt"
    kept.write_text((project.folder / ".gatekeeper" / "artifacts" / release / "audit-head.txt").read_text())
    return kept


def _rewrite(store: Path, number: int) -> None:
    """What somebody does who owns the database: the triggers go first."""
    connection = sqlite3.connect(store)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE audit_entries SET actor = 'actor-other' WHERE number = ?", (number,))
    connection.commit()
    connection.close()
