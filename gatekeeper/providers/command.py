"""Deploy with your own programs: one command each to deploy, to roll back and to ask what runs."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from gatekeeper.config.load import ConfigError
from gatekeeper.config.words import environment_of, filled
from gatekeeper.model.action import Action, Command
from gatekeeper.providers import Deployment, Provider

_KEYS = ("deploy", "rollback", "status", "environment", "directory", "timeout_seconds")
_NEXT_STEP = "Correct it; `gatekeeper explain command` shows an example."


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
    environment = environment_of(options.get("environment", {}), key="deploy.options.environment", next_step=_NEXT_STEP)
    directory, known = options.get("directory"), _known(deployment)
    return Command(
        tuple(filled(str(word), known) for word in words),
        purpose,
        environment=environment.values,
        secret=environment.secret,
        directory=Path(str(directory)) if directory else None,
        timeout=timedelta(seconds=float(str(options.get("timeout_seconds", 300)))),
    )


def _known(deployment: Deployment) -> dict[str, str]:
    return {
        "version": deployment.version,
        "previous": deployment.previous or "",
        "service": deployment.service,
        "environment": deployment.environment,
        "epoch": str(deployment.epoch),
    }


def _wrong(key: str, problem: str) -> ConfigError:
    return ConfigError(f"deploy.options.{key}: {problem}", next_step=_NEXT_STEP)


PROVIDER: Provider = OwnCommands()
