"""Deploy to Kubernetes through kubectl: a new image for one Deployment, and a wait until every pod runs it."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Action, Command
from gatekeeper.providers import Deployment, Provider, Seconds, options_of

_LABEL = "app.kubernetes.io/version"
# A label's value: at most 63 characters, letters and digits at both ends (Kubernetes, "Labels and Selectors").
_VERSION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PATIENCE_BEYOND = timedelta(seconds=30)


def _names_the_version(image: str) -> str:
    if "{version}" not in image:
        raise ValueError('write the version as {version}, such as "registry.example.com/web:{version}"')
    return image


@dataclass(frozen=True, slots=True)
class Options:
    """One container of one Deployment; kubectl's own namespace and context where they are empty."""

    deployment: Annotated[str, Field(min_length=1)]
    container: Annotated[str, Field(min_length=1)]
    image: Annotated[str, AfterValidator(_names_the_version)]
    namespace: str = ""
    context: str = ""
    timeout_seconds: Seconds = 300.0

    @property
    def kubectl(self) -> tuple[str, ...]:
        """The program with what says where."""
        named = (("--context", self.context), ("--namespace", self.namespace))
        return ("kubectl", *(f"{key}={value}" for key, value in named if value))

    @property
    def resource(self) -> str:
        """The Deployment as kubectl names it."""
        return f"deployment/{self.deployment}"


class Kubernetes:
    """The version that serves is a label of the Deployment, written only when the roll-out is complete."""

    name = "kubernetes"

    def plan_deploy(self, deployment: Deployment) -> tuple[Action, ...]:
        """The new image, the wait, the label."""
        return _bring(deployment.version, _options(deployment))

    def plan_rollback(self, deployment: Deployment) -> tuple[Action, ...]:
        """The previous image by its name: `rollout undo` goes back to whatever was there last."""
        if deployment.previous is None:
            raise ConfigError(
                "there is no previous version to roll back to", next_step="Deploy a good version by its name."
            )
        return _bring(deployment.previous, _options(deployment))

    def plan_status(self, deployment: Deployment) -> tuple[Action, ...]:
        """The label; empty for a Deployment that was never released by us."""
        options, path = _options(deployment), _LABEL.replace(".", r"\.")
        words = ("get", options.resource, f"--output=jsonpath={{.metadata.labels.{path}}}")
        return (Command((*options.kubectl, *words), "ask which version serves"),)


def _options(deployment: Deployment) -> Options:
    return options_of(deployment, Options, provider="kubernetes")


def _bring(version: str, options: Options) -> tuple[Action, ...]:
    if not _VERSION.fullmatch(version):
        raise ConfigError(
            f"{version!r} cannot be a label of Kubernetes",
            next_step="Name versions with at most 63 letters, digits, dots, dashes and underscores.",
        )
    kubectl, resource = options.kubectl, options.resource
    image = f"{options.container}={options.image.replace('{version}', version)}"
    patience = timedelta(seconds=options.timeout_seconds)
    wait = ("rollout", "status", resource, f"--timeout={options.timeout_seconds:g}s")
    return (
        Command((*kubectl, "set", "image", resource, image), f"set the image of {version}"),
        Command((*kubectl, *wait), f"wait until every pod runs {version}", timeout=patience + _PATIENCE_BEYOND),
        Command((*kubectl, "label", "--overwrite", resource, f"{_LABEL}={version}"), f"write down {version}"),
    )


PROVIDER: Provider = Kubernetes()
