"""What people can say to a release on its way: reject, withdraw, abort, take back, reconcile, wait."""

import json
import signal
import threading
import time

from tests.acceptance.conftest import Project
from tests.acceptance.test_release import start_and_approve
from tests.conftest import until

_MANAGER = ("--as", "manager@example.com", "--role", "release-manager")


def waiting(project: Project, version: str) -> str:
    started = project.run("release", "start", "--version", version)
    assert started.returncode == 5, started.stdout + started.stderr
    return str(project.status()["id"])


def test_a_rejected_release_stops_and_nothing_was_touched(project: Project) -> None:
    release = waiting(project, "v2")

    rejected = project.run("gate", "reject", release, *_MANAGER, "--reason", "not this week")
    approved = project.run("gate", "approve", release, "--as", "other@example.com", "--role", "release-manager")
    resumed = project.run("release", "resume", release)

    assert rejected.returncode == 0, rejected.stderr
    assert approved.returncode == 2
    assert "has rejected exactly this" in approved.stderr
    assert resumed.returncode == 1
    assert project.status()["outcome"] == "stopped"
    assert "not this week" in project.status()["summary"]
    assert (project.serving, "orders" in project.tables()) == ("v1", False)


def test_a_withdrawn_approval_no_longer_opens_the_gate(project: Project) -> None:
    release = start_and_approve(project, "v2")

    withdrawn = project.run("gate", "withdraw", release, *_MANAGER)
    resumed = project.run("release", "resume", release)

    assert withdrawn.returncode == 0, withdrawn.stderr
    assert resumed.returncode == 5
    assert project.status()["waiting_for"][0]["have"] == []
    assert project.serving == "v1"


def test_an_aborted_release_makes_room_for_the_next(project: Project) -> None:
    release = waiting(project, "v2")

    aborted = project.run("release", "abort", release)
    again = project.run("release", "abort", release)

    assert aborted.returncode == 0, aborted.stderr
    assert project.status()["outcome"] == "stopped"
    assert again.returncode == 2
    assert "has ended" in again.stderr
    assert waiting(project, "v3") != release


def test_a_good_release_is_taken_back_when_somebody_asks_and_the_schema_stays(project: Project) -> None:
    release = start_and_approve(project, "v2")
    assert project.run("release", "resume", release).returncode == 0
    assert project.serving == "v2"

    back = project.run("release", "rollback", release)

    assert back.returncode == 1, back.stdout + back.stderr
    status = project.status()
    assert (status["outcome"], status["undo"]["row"]) == ("rolled back", 4)
    assert (project.serving, "orders" in project.tables()) == ("v1", True)
    refused = project.run("release", "rollback", release)
    assert refused.returncode == 2
    assert "nothing to undo" in refused.stderr


def test_reconcile_ends_what_was_killed_and_leaves_alone_what_waits(project: Project) -> None:
    release = start_and_approve(project, "v2-slow")
    assert project.run("release", "reconcile", release).returncode == 0
    assert project.status()["phase"] == "gate"
    (project.folder / "slow").touch()
    killed = project.begin("release", "resume", release)
    until((project.folder / "asked").exists)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    (project.folder / "slow").unlink()

    reconciled = project.run("release", "reconcile", release)

    assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
    assert project.status()["outcome"] == "released"


def test_a_release_that_waits_goes_on_by_itself_once_it_is_approved(project: Project) -> None:
    def approve() -> None:
        for _ in range(100):
            listed = json.loads(project.run("release", "status", "--format", "json", "--quiet").stdout or "[]")
            if listed and listed[0]["waiting_for"]:
                project.run("gate", "approve", listed[0]["id"], *_MANAGER)
                return
            time.sleep(0.2)

    manager = threading.Thread(target=approve)
    manager.start()

    started = project.run("release", "start", "--version", "v2", "--wait", "60s")

    manager.join()
    assert started.returncode == 0, started.stdout + started.stderr
    assert project.serving == "v2"
