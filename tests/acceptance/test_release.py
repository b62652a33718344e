"""Whole releases with real processes, a real database and a real site: out at the end is one consistent state."""

import json
import os
import signal
from pathlib import Path

import jsonschema

from tests.acceptance.conftest import Project
from tests.conftest import until

SCHEMA = json.loads((Path(__file__).parent.parent / "schemas" / "release-status.schema.json").read_text())


def start_and_approve(project: Project, version: str) -> str:
    """Up to the gate, and the approval of somebody else."""
    started = project.run("release", "start", "--version", version)
    assert started.returncode == 5, started.stdout + started.stderr
    release = project.status()
    assert release["waiting_for"]
    approved = project.run("gate", "approve", release["id"], "--as", "manager@example.com", "--role", "release-manager")
    assert approved.returncode == 0, approved.stderr
    assert isinstance(release["id"], str)
    return release["id"]


def test_a_good_version_waits_at_the_gate_and_is_then_released(project: Project) -> None:
    release = start_and_approve(project, "v2")
    assert project.serving == "v1"
    assert "orders" not in project.tables()

    resumed = project.run("release", "resume", release)

    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    status = project.status()
    jsonschema.validate(status, SCHEMA)
    assert status["outcome"] == "released"
    assert project.serving == "v2"
    assert "orders" in project.tables()


def test_a_bad_version_is_rolled_back_by_itself_and_the_restored_one_verified(project: Project) -> None:
    release = start_and_approve(project, "v2-broken")

    resumed = project.run("release", "resume", release)

    assert resumed.returncode == 1, resumed.stdout + resumed.stderr
    status = project.status()
    jsonschema.validate(status, SCHEMA)
    assert status["outcome"] == "rolled back"
    assert status["undo"]["row"] == 4
    assert project.serving == "v1"
    assert "orders" in project.tables()  # the schema stays ahead

    page = project.run("release", "report", release).stdout.strip()
    assert "from the first failing check" in (project.folder / page).read_text()
    figures = json.loads(project.run("release", "report", "--format", "json").stdout)
    assert (figures["deployments"], figures["change_fail_rate"]) == (1, 1.0)

    same = project.run("release", "start", "--version", "v2-broken")
    assert same.returncode == 2, same.stdout
    assert f"release {release}" in same.stderr
    again = project.run("release", "start", "--version", "v2-broken", "--again", "the site was ill, not the version")
    assert again.returncode == 5, again.stdout + again.stderr


def test_a_release_killed_during_smoke_is_ended_by_resume(project: Project) -> None:
    release = start_and_approve(project, "v2-slow")
    (project.folder / "slow").touch()
    killed = project.begin("release", "resume", release)
    until((project.folder / "asked").exists)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    (project.folder / "slow").unlink()
    assert project.serving == "v2-slow"

    resumed = project.run("release", "resume", release)

    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert project.status()["outcome"] == "released"


def test_a_migration_with_a_refuted_way_back_stops_the_release_before_anything_changes(project: Project) -> None:
    (project.folder / "migrations" / "0001_orders.down.sql").write_text("SELECT 1;\n")

    started = project.run("release", "start", "--version", "v2")

    assert started.returncode == 1, started.stdout + started.stderr
    assert project.status()["outcome"] == "stopped"
    assert project.serving == "v1"
    assert "orders" not in project.tables()
