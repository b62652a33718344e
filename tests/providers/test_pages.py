"""Every provider's page is run: its settings plan exactly the commands that it shows. Nothing is executed."""

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
    return Deployment("clinic", "production", "v2", "v1", settings.options)


def lines(actions: tuple[Action, ...]) -> str:
    """As a page writes them: our own Python, which lies elsewhere on each machine, is `python`."""
    commands = [
        [w if w != sys.executable else "python" for w in a.arguments] for a in actions if isinstance(a, Command)
    ]
    return "".join(f"{shlex.join(words)}\n" for words in commands)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_plan_is_what_the_page_shows(example: Section) -> None:
    provider, about = providers()[example.page.stem], deployment(example)

    assert lines(provider.plan_deploy(about)) == example.text("sh", "deploy")
    assert lines(provider.plan_rollback(about)) == example.text("sh", "rollback")
    assert lines(provider.plan_status(about)) == example.text("sh", "status")


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
