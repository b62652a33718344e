"""Every provider's page is run: its settings plan exactly the commands that it shows. Nothing is executed."""

import re
import shlex
import sys
import tomllib

import pytest

from gatekeeper.config.load import ConfigError
from gatekeeper.config.settings import DeploySettings
from gatekeeper.model.action import Action, Command
from gatekeeper.providers import Deployment, providers
from tests.pages import Section, examples

EXAMPLES = examples("gatekeeper/providers")


def deployment(example: Section) -> Deployment:
    settings = DeploySettings(**tomllib.loads(example.text("toml", "config") or ""))
    versions = ("dpl_new", "dpl_old") if example.page.stem == "vercel" else ("v2", "v1")
    return Deployment("clinic", "production", *versions, settings.options)


def lines(actions: tuple[Action, ...]) -> str:
    """As a page writes them: our own Python, which lies elsewhere on each machine, is `python`."""
    return "".join(f"{_line(action)}\n" for action in actions)


def _line(action: Action) -> str:
    if isinstance(action, Command):
        return shlex.join(w if w != sys.executable else "python" for w in action.arguments)
    return f"{action.method} {action.url}" + (f" until {action.answer} is {action.until}" if action.until else "")


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_plan_is_what_the_page_shows(example: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"env:(\w+)", example.text("toml", "config") or ""):
        monkeypatch.setenv(name, "a-secret")
    provider, about = providers()[example.page.stem], deployment(example)

    for plan, word in (
        (provider.plan_deploy, "deploy"), (provider.plan_rollback, "rollback"), (provider.plan_status, "status"),
    ):  # fmt: skip
        assert lines(plan(about)) == (example.text("sh", word) or example.text("http", word))


def test_a_secret_comes_from_the_environment_and_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "s3cret")
    options = {"deploy": ["./deploy"], "environment": {"TOKEN": "env:DEPLOY_TOKEN", "REGION": "eu"}}

    (command,) = providers()["command"].plan_deploy(Deployment("clinic", "production", "v2", None, options))

    assert isinstance(command, Command)
    assert command.environment == {"TOKEN": "s3cret", "REGION": "eu"}
    assert command.secret == {"TOKEN"}
    assert "s3cret" not in repr(command)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "deploy"),
        ({"deploy": "./deploy v2"}, "deploy"),
        ({"deploy": ["./deploy"], "deplyo": []}, "deplyo"),
        ({"deploy": ["./deploy"], "environment": {"TOKEN": "env:NOT_SET_ANYWHERE"}}, "environment.TOKEN"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError, match=f"deploy.options.{key}"):
        providers()["command"].plan_deploy(Deployment("clinic", "production", "v2", None, options))
