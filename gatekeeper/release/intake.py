"""Intake: what is released, on top of what, with which migrations."""

import secrets
from pathlib import Path

from gatekeeper.config.load import ConfigError
from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.git import GitProblem
from gatekeeper.git import commit as commit_of
from gatekeeper.model.release import Release
from gatekeeper.release.desk import now, provider_named
from gatekeeper.release.history import pending, planned
from gatekeeper.release.serving import deployment, serving_version


class NothingToRelease(GatekeeperError):
    """What was named does not fit what serves."""

    exit_code = 2


def intake(settings: Settings, *, version: str, previous: str | None, commit: str | None, starter: str) -> Release:
    """Look at what serves and at what the database has; raises ConfigError for what a release cannot do without."""
    _complete(settings)
    before = _previous(settings, version, previous)
    return Release(
        id=f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        service=settings.service.name,
        environment=settings.service.environment,
        version=version,
        previous=before,
        commit=commit or _commit(),
        starter=starter,
        started=now(),
        migrations=planned(pending(settings)),
    )


def _complete(settings: Settings) -> None:
    provider_named(settings.deploy.provider)
    if not settings.smoke.url or not settings.smoke.check:
        raise ConfigError(
            "a release needs smoke checks, or nobody would notice a bad version",
            seen=["[smoke] url is empty" if not settings.smoke.url else "there is no [[smoke.check]]"],
            next_step="Add both; `gatekeeper explain health` shows the simplest check.",
        )


def _previous(settings: Settings, version: str, named: str | None) -> str | None:
    serves = serving_version(settings, deployment(settings, version, named))
    if serves is not None and named is not None and serves != named:
        raise NothingToRelease(
            f"{named} was named as the previous version, but {serves} serves",
            next_step="Leave --previous away, or find out why another version serves.",
        )
    before = serves or named
    if before == version:
        raise NothingToRelease(f"{version} serves already", next_step="Name a newer version with --version.")
    return before


def _commit() -> str:
    try:
        return commit_of(Path.cwd())
    except GitProblem:
        return ""
