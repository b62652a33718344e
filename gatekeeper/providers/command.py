"""Deploy with your own programs: one command each to deploy, to roll back and to ask what runs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Action, Command
from gatekeeper.providers import Deployment, Provider

_KEYS = ("deploy", "rollback", "status", "environment", "directory", "timeout_seconds")
_FROM_ENVIRONMENT = "env:"


class OwnCommands:
    """Options: `deploy`, `rollback` and `status` are argument lists; `{version}`, `{previous}`, `{service}`,
    `{environment}` and `{epoch}` are filled in. No shell is involved.
    """

    name = "command"

    def plan_deploy(self, deployment: Deployment) -> tuple[Action, ...]:
        """The `deploy` command."""
        return (_command("deploy", f"deploy {deployment.version}", deployment),)

    def plan_rollback(self, deployment: Deployment) -> tuple[Action, ...]:
        """The `rollback` command; `{version}` is the one that goes, `{previous}` the one that comes back."""
        return (_command("rollback", f"roll back to {deployment.previous}", deployment),)

    def plan_status(self, deployment: Deployment) -> tuple[Action, ...]:
        """The `status` command, whose output is the serving version and nothing else."""
        return (_command("status", "ask which version serves", deployment),)


def _command(key: str, purpose: str, deployment: Deployment) -> Command:
    options = deployment.settings
    unknown = [name for name in options if name not in _KEYS]
    if unknown:
        raise _wrong(unknown[0], f"there is no such key; known are {', '.join(_KEYS)}")
    words = options.get(key)
    if not isinstance(words, Sequence) or isinstance(words, str) or not words:
        raise _wrong(key, 'write the program and its arguments as a list, such as ["./deploy", "{version}"]')
    environment = dict(_environment(options.get("environment", {})))
    directory = options.get("directory")
    return Command(
        tuple(_filled(str(word), deployment) for word in words),
        purpose,
        environment=environment,
        secret=frozenset(_secret(options.get("environment", {}))),
        directory=Path(str(directory)) if directory else None,
        timeout=timedelta(seconds=float(str(options.get("timeout_seconds", 300)))),
    )


def _filled(word: str, deployment: Deployment) -> str:
    for name, value in (
        ("version", deployment.version),
        ("previous", deployment.previous or ""),
        ("service", deployment.service),
        ("environment", deployment.environment),
        ("epoch", str(deployment.epoch)),
    ):
        word = word.replace(f"{{{name}}}", value)
    return word


def _environment(entries: object) -> Iterator[tuple[str, str]]:
    if not isinstance(entries, Mapping):
        raise _wrong("environment", 'write a table, such as { DATABASE_URL = "env:DATABASE_URL" }')
    for name, value in entries.items():
        text = str(value)
        source = text.removeprefix(_FROM_ENVIRONMENT)
        if text.startswith(_FROM_ENVIRONMENT) and source not in os.environ:
            raise _wrong(f"environment.{name}", f"the variable {source} is not set")
        yield str(name), os.environ[source] if text.startswith(_FROM_ENVIRONMENT) else text


def _secret(entries: object) -> Iterator[str]:
    if isinstance(entries, Mapping):
        yield from (str(name) for name, value in entries.items() if str(value).startswith(_FROM_ENVIRONMENT))


def _wrong(key: str, problem: str) -> ConfigError:
    return ConfigError(
        f"deploy.options.{key}: {problem}", next_step="Correct it; `gatekeeper explain command` shows an example."
    )


PROVIDER: Provider = OwnCommands()
