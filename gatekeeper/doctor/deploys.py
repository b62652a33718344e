"""The provider, the gate and the store of releases."""

from collections.abc import Iterator

from gatekeeper.config.settings import Settings
from gatekeeper.doctor.examined import Examined, advice, unused, well
from gatekeeper.release.desk import provider_named
from gatekeeper.release.serving import can_be_asked, deployment, serving_version
from gatekeeper.store.open import revision_at


def provider(settings: Settings) -> Iterator[Examined]:
    """The provider's keys fit, there is a way back, and it can say what serves; raises ConfigError, ProviderSilent."""
    deploy = settings.deploy
    if not deploy.options:
        yield unused(
            "provider",
            "no [deploy.options]",
            f"`gatekeeper release` needs them; `gatekeeper explain {deploy.provider}`.",
        )
        return
    about = deployment(settings, "next", "previous")
    plans = provider_named(deploy.provider)
    plans.plan_deploy(about)
    plans.plan_rollback(about)
    if not can_be_asked(settings, about):
        yield advice("provider", f"{deploy.provider} cannot say which version serves", "Add a way to ask it.")
        return
    yield well("provider", f"{deploy.provider}; {serving_version(settings, about) or 'nothing'} serves")


def gate(settings: Settings) -> Iterator[Examined]:
    """Who must approve, and whether anybody is named."""
    needs = ", ".join(f"{count} × {role}" for role, count in sorted(settings.gate.approvals.items()))
    if not needs:
        yield advice("gate", "nobody has to approve a release", "Set approvals under [gate].")
        return
    yield well("gate", f"needs {needs}")
    unnamed = sorted(set(settings.gate.approvals) - set(settings.gate.approvers))
    if unnamed:
        yield advice(
            "gate",
            f"nobody is named as {', '.join(unnamed)}, so anybody but the starter may approve",
            "Name people under [gate] approvers.",
        )


def store(settings: Settings) -> Iterator[Examined]:
    """The store answers, or will be made by the first release; raises StoreUnreachable or StoreMisconfigured."""
    revision = revision_at(settings.store.url.get_secret_value())
    if revision is None:
        yield unused("store", "not made yet", "The first release makes it.")
    else:
        yield well("store", f"answers, at {revision}")
