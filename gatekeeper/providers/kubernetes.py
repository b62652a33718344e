"""Deploy to Kubernetes through kubectl: a new image for one Deployment, and a wait until every pod runs it."""

import re
from collections.abc import Mapping
from datetime import timedelta

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Action, Command
from gatekeeper.providers import Deployment, Provider

_KEYS = ("deployment", "container", "image", "namespace", "context", "timeout_seconds")
_NEEDED = ("deployment", "container", "image")
_LABEL = "app.kubernetes.io/version"
# A label's value: at most 63 characters, letters and digits at both ends (Kubernetes, "Labels and Selectors").
_VERSION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PATIENCE_BEYOND = timedelta(seconds=30)


class Kubernetes:
    """Options: `deployment`, `container` and `image` (with `{version}`); `namespace`, `context`, `timeout_seconds`.

    The version that serves is a label of the Deployment, written only when the roll-out is complete.
    """

    name = "kubernetes"

    def plan_deploy(self, deployment: Deployment) -> tuple[Action, ...]:
        """The new image, the wait, the label."""
        return _bring(deployment.version, deployment.settings)

    def plan_rollback(self, deployment: Deployment) -> tuple[Action, ...]:
        """The previous image by its name: `rollout undo` goes back to whatever was there last."""
        if deployment.previous is None:
            raise ConfigError(
                "there is no previous version to roll back to", next_step="Deploy a good version by its name."
            )
        return _bring(deployment.previous, deployment.settings)

    def plan_status(self, deployment: Deployment) -> tuple[Action, ...]:
        """The label; empty for a Deployment that was never released by us."""
        options = _checked(deployment.settings)
        path = _LABEL.replace(".", r"\.")
        words = ("get", f"deployment/{options['deployment']}", f"--output=jsonpath={{.metadata.labels.{path}}}")
        return (Command((*_kubectl(options), *words), "ask which version serves"),)


def _bring(version: str, settings: Mapping[str, object]) -> tuple[Action, ...]:
    options = _checked(settings)
    if not _VERSION.fullmatch(version):
        raise ConfigError(
            f"{version!r} cannot be a label of Kubernetes",
            next_step="Name versions with at most 63 letters, digits, dots, dashes and underscores.",
        )
    kubectl, resource = _kubectl(options), f"deployment/{options['deployment']}"
    image = str(options["image"]).replace("{version}", version)
    patience = _timeout(options)
    wait = ("rollout", "status", resource, f"--timeout={patience:g}s")
    return (
        Command((*kubectl, "set", "image", resource, f"{options['container']}={image}"), f"set the image of {version}"),
        Command(
            (*kubectl, *wait),
            f"wait until every pod runs {version}",
            timeout=timedelta(seconds=patience) + _PATIENCE_BEYOND,
        ),
        Command((*kubectl, "label", "--overwrite", resource, f"{_LABEL}={version}"), f"write down {version}"),
    )


def _kubectl(options: Mapping[str, object]) -> tuple[str, ...]:
    named = ((f"--{key}", str(options[key])) for key in ("context", "namespace") if options.get(key))
    return ("kubectl", *(f"{key}={value}" for key, value in named))


def _checked(options: Mapping[str, object]) -> Mapping[str, object]:
    for key in options:
        if key not in _KEYS:
            raise _wrong(key, f"there is no such key; known are {', '.join(_KEYS)}")
    for key in _NEEDED:
        if not isinstance(options.get(key), str) or not options[key]:
            raise _wrong(key, "this key is needed")
    if "{version}" not in str(options["image"]):
        raise _wrong("image", 'write the version as {version}, such as "registry.example.com/web:{version}"')
    return options


def _timeout(options: Mapping[str, object]) -> float:
    seconds = options.get("timeout_seconds", 300)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
        raise _wrong("timeout_seconds", "write a number of seconds, such as 300")
    return float(seconds)


def _wrong(key: str, problem: str) -> ConfigError:
    return ConfigError(
        f"deploy.options.{key}: {problem}", next_step="Correct it; `gatekeeper explain kubernetes` shows an example."
    )


PROVIDER: Provider = Kubernetes()
