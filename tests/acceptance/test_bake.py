"""A version that answers its health check and fails its users is noticed while it bakes, and goes back."""

import json
import re

from tests.acceptance.conftest import Project
from tests.acceptance.test_release import start_and_approve

_BAKE = """
[bake]
duration = "6s"
every = "1s"
shadow = {shadow}
[[bake.objective]]
name = "orders"
target = 0.99
minimum = 20
use = "probe"
options = {{ url = "{url}", path = "/orders", requests = 20 }}
"""


def watched(project: Project, *, shadow: bool = False) -> None:
    settings = project.folder / "gatekeeper.toml"
    text = settings.read_text()
    url = re.search(r'url = "(http[^"]+)"', text)
    assert url
    settings.write_text(text + _BAKE.format(url=url[1], shadow=json.dumps(shadow)))


def test_a_version_that_fails_its_users_is_rolled_back_before_the_bake_is_over(project: Project) -> None:
    watched(project)
    release = start_and_approve(project, "v2-unwell")

    ended = project.run("release", "resume", release)

    assert ended.returncode == 1, ended.stdout + ended.stderr
    status = project.status()
    assert (status["outcome"], project.serving) == ("rolled back", "v1")
    steps = {step["name"]: step for step in status["steps"]}
    assert (steps["smoke"]["state"], steps["bake"]["state"]) == ("done", "failed")
    assert "orders: 20 bad of 20 (100.00%), 1.00% are allowed" in steps["bake"]["summary"]
    assert steps["bake"]["seconds"] < 5
    assert status["recovery_seconds"] < 60


def test_a_version_that_is_well_is_released_when_the_bake_is_over(project: Project) -> None:
    watched(project)
    release = start_and_approve(project, "v2")

    ended = project.run("release", "resume", release)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    steps = {step["name"]: step for step in project.status()["steps"]}
    assert re.match(r"orders: 0 bad of \d+ \(0.00%\), 1.00% are allowed$", steps["bake"]["summary"])


def test_in_shadow_mode_it_is_only_written_down(project: Project) -> None:
    watched(project, shadow=True)
    release = start_and_approve(project, "v2-unwell")

    ended = project.run("release", "resume", release)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    steps = {step["name"]: step for step in project.status()["steps"]}
    assert steps["bake"]["summary"].startswith("only watched (shadow); it would have said failed")
    assert project.serving == "v2-unwell"
