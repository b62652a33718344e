"""People hear of a release from its own process: each thing once, whatever happened to the process in between."""

import os
import signal

from tests.acceptance.conftest import Project
from tests.acceptance.test_release import start_and_approve
from tests.conftest import until
from tests.notify.services import ROUTING_KEY, services


def tell(project: Project, channels: str) -> None:
    with (project.folder / "gatekeeper.toml").open("a") as settings:
        settings.write(channels)


def test_a_killed_release_that_is_rolled_back_pages_once_and_closes_the_incident(project: Project) -> None:
    with services() as online:
        tell(
            project,
            '[[notify.channel]]\nuse = "pagerduty"\n'
            f'options = {{ routing_key = "env:PAGER_KEY", api = "{online.url}" }}\n'
            '[[notify.channel]]\nuse = "apprise"\noptions = { urls = "env:PLACES" }\n',
        )
        project.environment.update(PAGER_KEY=ROUTING_KEY, PLACES=online.url.replace("http", "json", 1))
        release = start_and_approve(project, "v2-slow-broken")
        (project.folder / "slow").touch()
        killed = project.begin("release", "resume", release)
        until((project.folder / "asked").exists)
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        (project.folder / "slow").unlink()

        resumed = project.run("release", "resume", release)

        assert resumed.returncode == 1, resumed.stdout + resumed.stderr
        assert [event["event_action"] for event in online.events] == ["trigger", "resolve"]
        assert online.open_incidents == set()
        assert [sent["title"].rpartition(": ")[2] for sent in online.posted] == ["waits", "rolling back", "rolled back"]
        assert online.refused == []


def test_a_channel_that_cannot_be_used_stops_the_release_before_it_begins(project: Project) -> None:
    tell(
        project,
        '[[notify.channel]]\nuse = "github"\noptions = { repository = "clinic/web", token = "env:NOT_SET_HERE" }\n',
    )

    started = project.run("release", "start", "--version", "v2")

    assert started.returncode == 2, started.stdout + started.stderr
    assert "NOT_SET_HERE" in started.stderr
    assert project.serving == "v1"
