"""Asks the provider which version serves, and speaks to it about a release."""

from collections.abc import Mapping
from dataclasses import replace

from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.release import Release
from gatekeeper.providers import Deployment
from gatekeeper.release.carry_out import carry_out, problem_of
from gatekeeper.release.desk import provider_named
from gatekeeper.release.lease import Lease


class ProviderSilent(GatekeeperError):
    """The provider could not say which version serves."""

    def __init__(self, provider: str, problem: str) -> None:
        super().__init__(
            f"the provider {provider} could not say which version serves",
            seen=[problem],
            next_step="Mend that, then run `gatekeeper release resume`, or start with --previous for a first release.",
        )


def deployment(settings: Settings, version: str, previous: str | None) -> Deployment:
    """What the provider needs to know."""
    options: Mapping[str, object] = settings.deploy.options
    return Deployment(settings.service.name, settings.service.environment, version, previous, options)


def of(settings: Settings, release: Release, lease: Lease | None = None) -> Deployment:
    """What the provider needs to know of a release; with a lease, under which epoch it acts."""
    epoch = lease.fence.epoch if lease is not None and lease.fence is not None else 0
    return replace(deployment(settings, release.version, release.previous), epoch=epoch)


def serving_version(settings: Settings, about: Deployment) -> str | None:
    """The version that serves; None where nothing does or the provider has no way to ask. Raises ProviderSilent."""
    actions = provider_named(settings.deploy.provider).plan_status(about)
    if not actions:
        return None
    carried = carry_out(actions)
    if (problem := problem_of(carried)) is not None:
        raise ProviderSilent(settings.deploy.provider, problem)
    return carried[-1].output.strip() or None


def can_be_asked(settings: Settings, about: Deployment) -> bool:
    """Whether the provider has a way to say which version serves."""
    return bool(provider_named(settings.deploy.provider).plan_status(about))
