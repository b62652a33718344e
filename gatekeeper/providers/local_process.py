"""Deploy on this machine: the new version starts beside the old one, and a small proxy switches between them."""

import sys
from collections.abc import Mapping
from datetime import timedelta

from gatekeeper.config.load import ConfigError
from gatekeeper.config.words import environment_of
from gatekeeper.model.action import Action, Command
from gatekeeper.providers import Deployment, Provider

_KEYS = ("start", "ports", "proxy_port", "state", "health_path", "ready_timeout_seconds", "environment")
_NEXT_STEP = "Correct it; `gatekeeper explain local_process` shows an example."
_PATIENCE_BEYOND = timedelta(seconds=60)


class LocalProcess:
    """Options: `start` is an argument list with `{version}` and `{port}`, `ports` are two, `proxy_port` is the public
    one; `state`, `health_path`, `ready_timeout_seconds` and `environment` may be left out.
    """

    name = "local_process"

    def plan_deploy(self, deployment: Deployment) -> tuple[Action, ...]:
        """Start the new version, then switch to it."""
        return _bring(deployment.version, deployment)

    def plan_rollback(self, deployment: Deployment) -> tuple[Action, ...]:
        """Switch back to the previous version, started again if it is gone."""
        if deployment.previous is None:
            raise ConfigError(
                "there is no previous version to roll back to",
                next_step="Deploy a good version, or end it with `python -m gatekeeper.reverse_proxy stop-all`.",
            )
        return _bring(deployment.previous, deployment)

    def plan_status(self, deployment: Deployment) -> tuple[Action, ...]:
        """Ask which version serves."""
        _checked(deployment.settings)
        return (Command((*_words("version", deployment.settings),), "ask which version serves"),)


def _bring(version: str, deployment: Deployment) -> tuple[Action, ...]:
    options = deployment.settings
    program, ports = _checked(options)
    patience = _ready_timeout(options)
    own = environment_of(options.get("environment", {}), key="deploy.options.environment", next_step=_NEXT_STEP)
    environment = {**own.values, **deployment.secrets}
    start = Command(
        (
            *_words("start", options),
            *("--version", version),
            *(word for port in ports for word in ("--port", str(port))),
            *("--health-path", str(options.get("health_path", "/health"))),
            *("--ready-timeout", f"{patience:g}"),
            "--",
            *program,
        ),
        f"start {version} beside what serves",
        environment=environment,
        secret=own.secret | frozenset(deployment.secrets),
        timeout=timedelta(seconds=patience) + _PATIENCE_BEYOND,
    )
    words = (*_words("switch", options), "--version", version, "--port", str(options["proxy_port"]))
    return start, Command(words, f"switch to {version}")


def _words(subcommand: str, options: Mapping[str, object]) -> tuple[str, ...]:
    state = str(options.get("state", ".gatekeeper/local_process"))
    return (sys.executable, "-m", "gatekeeper.reverse_proxy", subcommand, "--state", state)


def _checked(options: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    unknown = [name for name in options if name not in _KEYS]
    if unknown:
        raise _wrong(unknown[0], f"there is no such key; known are {', '.join(_KEYS)}")
    words = options.get("start")
    if not isinstance(words, list | tuple) or not any("{port}" in str(word) for word in words):
        raise _wrong("start", 'write a list with {port} in it, such as ["./serve", "{version}", "--port", "{port}"]')
    ports = options.get("ports")
    if not isinstance(ports, list | tuple) or len(ports) != 2 or not all(_is_port(port) for port in ports):
        raise _wrong("ports", "write two ports, such as [8101, 8102]")
    public = options.get("proxy_port")
    if not _is_port(public) or len({public, *ports}) != 3:
        raise _wrong("proxy_port", "write a port that differs from the two of `ports`, such as 8100")
    if not str(options.get("health_path", "/")).startswith("/"):
        raise _wrong("health_path", 'begin it with a slash, such as "/health"')
    return tuple(str(word) for word in words), tuple(ports)


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535


def _ready_timeout(options: Mapping[str, object]) -> float:
    seconds = options.get("ready_timeout_seconds", 30)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
        raise _wrong("ready_timeout_seconds", "write a number of seconds, such as 30")
    return float(seconds)


def _wrong(key: str, problem: str) -> ConfigError:
    return ConfigError(f"deploy.options.{key}: {problem}", next_step=_NEXT_STEP)


PROVIDER: Provider = LocalProcess()
