"""Killed at any boundary of any step, a release is ended by `resume`: each effect happened once, and all of it fits.

The suite takes the boundaries around what changes the world; `make soak` takes all of them.
"""

import os
import signal

import pytest

from tests.acceptance.conftest import Project
from tests.acceptance.test_release import start_and_approve

BOUNDARIES = ("before intent", "after intent", "after effect", "after result")
CHECKED = ("lint", "verify", "gate")
FORWARDS = ("migrate", "smoke previous", "deploy", "smoke", "bake")
BACKWARDS = ("rollback", "verify rollback")
IN_THE_SUITE = {
    "verify: after effect", "migrate: after intent", "migrate: after effect", "deploy: after intent",
    "deploy: after effect", "smoke: after result", "rollback: after intent", "rollback: after effect",
    "verify rollback: after effect",
}  # fmt: skip
ALL = os.environ.get("GATEKEEPER_SOAK") is not None


def points(*steps: str) -> list[str]:
    every = [f"{step}: {boundary}" for step in steps for boundary in BOUNDARIES]
    return every if ALL else [point for point in every if point in IN_THE_SUITE]


def kill_at(project: Project, point: str, *words: str) -> None:
    killed = project.run(*words, GATEKEEPER_FAIL_POINT=point)
    assert killed.returncode == -signal.SIGKILL, f"{point} was not reached:\n{killed.stdout}{killed.stderr}"


@pytest.mark.parametrize("point", points(*CHECKED))
def test_killed_before_production_it_comes_to_its_gate_and_is_released(project: Project, point: str) -> None:
    kill_at(project, point, "release", "start", "--version", "v2")
    release = str(project.status()["id"])
    assert (project.serving, project.deploys) == ("v1", [])

    assert project.run("release", "resume", release).returncode == 5
    project.run("gate", "approve", release, "--as", "manager@example.com", "--role", "release-manager")
    ended = project.run("release", "resume", release)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (project.serving, project.deploys, project.applied()) == ("v2", ["v2"], ["0001"])


@pytest.mark.parametrize("point", points(*FORWARDS))
def test_killed_on_the_way_it_is_released_and_everything_happened_once(project: Project, point: str) -> None:
    release = start_and_approve(project, "v2")
    kill_at(project, point, "release", "resume", release)

    ended = project.run("release", "resume", release)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    status = project.status()
    assert status["outcome"] == "released"
    assert (project.serving, project.deploys, project.applied()) == ("v2", ["v2"], ["0001"])
    assert all(step["state"] in {"done", "skipped"} for step in status["steps"])
    assert project.run("audit", "verify").returncode == 0


@pytest.mark.parametrize("point", points(*BACKWARDS))
def test_killed_on_the_way_back_it_is_rolled_back_and_everything_happened_once(project: Project, point: str) -> None:
    release = start_and_approve(project, "v2-broken")
    kill_at(project, point, "release", "resume", release)

    ended = project.run("release", "resume", release)

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert project.status()["outcome"] == "rolled back"
    assert (project.serving, project.deploys) == ("v1", ["v2-broken", "v1"])
    assert "orders" in project.tables()


def test_another_process_may_end_what_a_killed_one_began(project: Project) -> None:
    release = start_and_approve(project, "v2")
    kill_at(project, "deploy: after effect", "release", "resume", release)

    refused = project.run("release", "start", "--version", "v3")
    ended = project.run("release", "reconcile", release)

    assert refused.returncode == 3
    assert f"release {release} is not finished" in refused.stderr
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert project.deploys == ["v2"]
