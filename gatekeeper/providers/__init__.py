"""Deploy providers: each says, as Actions, how to put a version live, take it back, and ask what runs.

A provider is a module with `PROVIDER` as its last line, and a page of the same stem.
"""

import os
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Annotated, Protocol, TypeVar, runtime_checkable

from pydantic import Field

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Action
from smoke.errors import Misconfigured
from smoke.options import resolve

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a provider needs to know: the version that shall run, the one that ran before, and its settings.

    `epoch` rises whenever another process takes the release over: a platform that remembers the highest one it has seen
    can refuse a runner that was thought dead. 0 where there is no target database.
    """

    service: str
    environment: str
    version: str
    previous: str | None
    settings: Mapping[str, object]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    epoch: int = 0


@runtime_checkable
class Provider(Protocol):
    """How one platform deploys. Plans only: nothing here runs anything."""

    @property
    def name(self) -> str:
        """The name in `[deploy] provider = …`."""
        ...

    def plan_deploy(self, deployment: Deployment) -> tuple[Action, ...]:
        """What to run, in order, so that `deployment.version` serves."""
        ...

    def plan_rollback(self, deployment: Deployment) -> tuple[Action, ...]:
        """What to run so that `deployment.previous` serves again."""
        ...

    def plan_status(self, deployment: Deployment) -> tuple[Action, ...]:
        """What to run to learn the serving version: the last action's output is that version's name."""
        ...


def options_of(deployment: Deployment, kind: type[T], *, provider: str) -> T:
    """The provider's own keys as its typed value, `env:NAME` filled in; raises ConfigError, which names the key."""
    try:
        return resolve("deploy.options", kind, deployment.settings, os.environ).options
    except Misconfigured as error:
        raise ConfigError(
            f"deploy.options.{error.key}: {error.problem}",
            next_step=f"{error.next_step} `gatekeeper explain {provider}` shows an example.",
        ) from error


Seconds = Annotated[float, Field(gt=0, le=3600)]
"""How long something may take, in the settings of a provider."""


@cache
def providers() -> dict[str, Provider]:
    """All providers by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = [getattr(module, "PROVIDER", None) for module in modules]
    return {provider.name: provider for provider in found if isinstance(provider, Provider)}
