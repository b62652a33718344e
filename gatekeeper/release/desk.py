"""The desk: what the steps of one release have at hand."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from gatekeeper.config.load import ConfigError
from gatekeeper.config.settings import Settings
from gatekeeper.model.evidence import Evidence
from gatekeeper.model.message import Event
from gatekeeper.model.release import PlannedUndo, Release, Step
from gatekeeper.providers import Provider, providers
from gatekeeper.release.lease import Lease
from gatekeeper.store.open import Store
from smoke.redact import clean


class Listener(Protocol):
    """Hears of the progress of a release, to show it."""

    def begins(self, name: str) -> None:
        """A step begins."""

    def remarks(self, name: str, text: str) -> None:
        """Something worth a line happened within a step."""

    def ends(self, step: Step) -> None:
        """A step has ended, or waits."""


class Teller(Protocol):
    """Tells people of a release, beside it."""

    def tell(self, release: Release, event: Event, reason: str) -> None:
        """Something happened that people want to hear of."""


class Silence:
    """A listener that shows nothing."""

    def begins(self, name: str) -> None:
        """Nothing is shown."""

    def remarks(self, name: str, text: str) -> None:
        """Nothing is shown."""

    def ends(self, step: Step) -> None:
        """Nothing is shown."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One release, its settings, its store, and the right to act."""

    release_id: str
    settings: Settings
    store: Store
    lease: Lease
    listener: Listener
    teller: Teller

    @property
    def release(self) -> Release:
        """The release as it stands now."""
        found = self.store.releases.find(self.release_id)
        assert found is not None, "a release is stored before its first step"
        return found

    @property
    def provider(self) -> Provider:
        """Who deploys; raises ConfigError for a name that no provider has."""
        return provider_named(self.settings.deploy.provider)

    def facts(self, step: str) -> dict[str, Any]:
        """What an earlier step found; empty where it was not taken."""
        taken = next((one for one in self.store.steps.of(self.release_id) if one.name == step), None)
        return dict(taken.result.get("facts", {})) if taken else {}

    def remark(self, step: str, text: str) -> None:
        """Show a line, without secrets."""
        self.listener.remarks(step, clean(text, secrets_of(self.settings)))

    def keep(self, kind: str, report: Any, *, verdict: str, summary: str) -> Evidence:
        """Keep a report as evidence, free of secrets."""
        text = json.dumps(_scrubbed(report, secrets_of(self.settings)), indent=2, ensure_ascii=False)
        return self.store.evidence.keep(
            self.release_id, kind, text + "\n", verdict=verdict, summary=summary, made=now()
        )  # fmt: skip

    def foresee(self, digest: str, undo: PlannedUndo) -> None:
        """Remember what is signed, and the way back that was promised."""
        self.store.releases.save(replace(self.release, digest=digest, undo=undo))


def now() -> datetime:
    """The clock of the release room."""
    return datetime.now(UTC)


def provider_named(name: str) -> Provider:
    """The provider of `[deploy] provider`; raises ConfigError for a name that none has."""
    known = providers()
    if name not in known:
        raise ConfigError(
            f"there is no deploy provider {name!r}",
            seen=[f"known are {', '.join(sorted(known))}"],
            next_step="Correct provider under [deploy].",
        )
    return known[name]


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values that must never show: passwords in URLs, and what options take from the environment."""
    options = (
        settings.deploy.options,
        settings.staging.app.environment,
        *(one.options for one in settings.bake.objective),
        *(one.options for one in settings.notify.channel),
    )
    return tuple(dict.fromkeys([*_passwords(settings), *_from_environment(options)]))


def _passwords(settings: Settings) -> Iterator[str]:
    for url in (settings.store.url, settings.migrate.url, settings.staging.url):
        if isinstance(url, SecretStr) and (password := urlsplit(url.get_secret_value()).password):
            yield password


def _from_environment(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("env:"):
        if found := os.environ.get(value.removeprefix("env:")):
            yield found
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _from_environment(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _from_environment(inner)


def _scrubbed(value: Any, secrets: tuple[str, ...]) -> Any:
    match value:
        case str():
            return clean(value, secrets)
        case dict():
            return {key: _scrubbed(inner, secrets) for key, inner in value.items()}
        case list() | tuple():
            return [_scrubbed(inner, secrets) for inner in value]
        case _:
            return value
