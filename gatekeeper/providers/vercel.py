"""Deploy on Vercel: production is pointed at a deployment that has been built already; back is Instant Rollback."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import Field

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Action, HttpCall
from gatekeeper.providers import Deployment, Provider, Seconds, options_of

_SERVING = "/targets/production/id"
_AN_ID = re.compile(r"dpl_[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Options:
    """A project, and the token that may change it, which has to come from the environment."""

    project: Annotated[str, Field(min_length=1)]
    token: str = field(repr=False)
    team: str = ""
    api: str = "https://api.vercel.com"
    timeout_seconds: Seconds = 120.0

    def url(self, path: str) -> str:
        """The address of a path; `{project}` is filled in."""
        query = f"?{urlencode({'teamId': self.team})}" if self.team else ""
        return f"{self.api.rstrip('/')}{path.replace('{project}', quote(self.project, safe=''))}{query}"


class Vercel:
    """Versions are ids of deployments."""

    name = "vercel"

    def plan_deploy(self, deployment: Deployment) -> tuple[Action, ...]:
        """Promote the deployment, which does not build it again, and wait until production is it."""
        options, version = _options(deployment), _id(deployment.version)
        promote = _call(
            options, "POST", f"/v10/projects/{{project}}/promote/{version}", f"point production at {version}"
        )
        return promote, _wait(options, version)

    def plan_rollback(self, deployment: Deployment) -> tuple[Action, ...]:
        """Instant Rollback, and a wait; its purpose says what else goes back, for people to read when it happens."""
        if deployment.previous is None:
            raise ConfigError(
                "there is no previous deployment to roll back to", next_step="Promote a good one by its id."
            )
        options, previous = _options(deployment), _id(deployment.previous)
        purpose = (
            f"point production back at {previous}; its environment variables and cron jobs come back with it, and new "
            "deployments do not take the domains until one is promoted"
        )
        return _call(options, "POST", f"/v1/projects/{{project}}/rollback/{previous}", purpose), _wait(
            options, previous
        )

    def plan_status(self, deployment: Deployment) -> tuple[Action, ...]:
        """Ask which deployment production is."""
        return (replace(_ask(_options(deployment)), purpose="ask which deployment serves"),)


def _options(deployment: Deployment) -> Options:
    if not str(deployment.settings.get("token", "env:")).startswith("env:"):
        raise ConfigError(
            "deploy.options.token: it stands in the settings file",
            next_step='Take it from the environment: token = "env:VERCEL_TOKEN".',
        )
    return options_of(deployment, Options, provider="vercel")


def _call(options: Options, method: str, path: str, purpose: str) -> HttpCall:
    headers = {"Authorization": f"Bearer {options.token}"}
    return HttpCall(method, options.url(path), purpose, headers, frozenset(headers))


def _ask(options: Options) -> HttpCall:
    return replace(_call(options, "GET", "/v9/projects/{project}", ""), answer=_SERVING)


def _wait(options: Options, version: str) -> HttpCall:
    """Vercel answers before the domains have moved."""
    patience = timedelta(seconds=options.timeout_seconds)
    return replace(_ask(options), purpose=f"wait until production is {version}", until=version, timeout=patience)


def _id(version: str) -> str:
    if not _AN_ID.fullmatch(version):
        raise ConfigError(
            f"{version!r} is not the id of a deployment on Vercel",
            next_step="Name the version by its id, such as dpl_5WJWYSyB7BpgTj3EuwF37WMRBXBtPQ2iTMJHJBJyRfd.",
        )
    return version


PROVIDER: Provider = Vercel()
