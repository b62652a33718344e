"""Deploy on Vercel: production is pointed at a deployment that has been built already; back is Instant Rollback."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import quote, urlencode

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Action, HttpCall
from gatekeeper.providers import Deployment, Provider

_KEYS = ("project", "token", "team", "api", "timeout_seconds")
_NEEDED = ("project", "token")
_FROM_ENVIRONMENT = "env:"
_SERVING = "/targets/production/id"
_AN_ID = re.compile(r"dpl_[A-Za-z0-9]+")


class Vercel:
    """Options: `project` and `token` (`env:NAME`); `team`, `api`, `timeout_seconds`. Versions are deployment ids."""

    name = "vercel"

    def plan_deploy(self, deployment: Deployment) -> tuple[Action, ...]:
        """Promote the deployment, which does not build it again, and wait until production is it."""
        version = _id(deployment.version)
        options = _checked(deployment.settings)
        path = f"/v10/projects/{_quoted(options, 'project')}/promote/{version}"
        return _post(options, path, f"point production at {version}"), _wait(options, version)

    def plan_rollback(self, deployment: Deployment) -> tuple[Action, ...]:
        """Instant Rollback, and a wait; its purpose says what else goes back, for people to read when it happens."""
        if deployment.previous is None:
            raise ConfigError(
                "there is no previous deployment to roll back to", next_step="Promote a good one by its id."
            )
        previous = _id(deployment.previous)
        options = _checked(deployment.settings)
        path = f"/v1/projects/{_quoted(options, 'project')}/rollback/{previous}"
        purpose = (
            f"point production back at {previous}; its environment variables and cron jobs come back with it, and new "
            "deployments do not take the domains until one is promoted"
        )
        return _post(options, path, purpose), _wait(options, previous)

    def plan_status(self, deployment: Deployment) -> tuple[Action, ...]:
        """Ask which deployment production is."""
        return (_ask(_checked(deployment.settings), "ask which deployment serves"),)


def _post(options: Mapping[str, object], path: str, purpose: str) -> HttpCall:
    return HttpCall("POST", _url(options, path), purpose, _headers(options), frozenset({"Authorization"}))


def _ask(
    options: Mapping[str, object], purpose: str, *, until: str | None = None, timeout: timedelta | None = None
) -> HttpCall:
    return HttpCall(
        "GET",
        _url(options, f"/v9/projects/{_quoted(options, 'project')}"),
        purpose,
        _headers(options),
        frozenset({"Authorization"}),
        timeout=timeout or timedelta(seconds=30),
        answer=_SERVING,
        until=until,
    )


def _wait(options: Mapping[str, object], version: str) -> HttpCall:
    """Vercel answers before the domains have moved."""
    patience = timedelta(seconds=_timeout(options))
    return _ask(options, f"wait until production is {version}", until=version, timeout=patience)


def _url(options: Mapping[str, object], path: str) -> str:
    team = options.get("team")
    query = f"?{urlencode({'teamId': str(team)})}" if team else ""
    return f"{str(options.get('api', 'https://api.vercel.com')).rstrip('/')}{path}{query}"


def _headers(options: Mapping[str, object]) -> dict[str, str]:
    name = str(options["token"]).removeprefix(_FROM_ENVIRONMENT)
    if not os.environ.get(name):
        raise _wrong("token", f"the variable {name} is not set")
    return {"Authorization": f"Bearer {os.environ[name]}"}


def _quoted(options: Mapping[str, object], key: str) -> str:
    return quote(str(options[key]), safe="")


def _id(version: str) -> str:
    if not _AN_ID.fullmatch(version):
        raise ConfigError(
            f"{version!r} is not the id of a deployment on Vercel",
            next_step="Name the version by its id, such as dpl_5WJWYSyB7BpgTj3EuwF37WMRBXBtPQ2iTMJHJBJyRfd.",
        )
    return version


def _checked(options: Mapping[str, object]) -> Mapping[str, object]:
    for key in options:
        if key not in _KEYS:
            raise _wrong(key, f"there is no such key; known are {', '.join(_KEYS)}")
    for key in _NEEDED:
        if not isinstance(options.get(key), str) or not options[key]:
            raise _wrong(key, "this key is needed")
    if not str(options["token"]).startswith(_FROM_ENVIRONMENT):
        raise _wrong("token", 'take it from the environment: "env:VERCEL_TOKEN"')
    return options


def _timeout(options: Mapping[str, object]) -> float:
    seconds = options.get("timeout_seconds", 120)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
        raise _wrong("timeout_seconds", "write a number of seconds, such as 120")
    return float(seconds)


def _wrong(key: str, problem: str) -> ConfigError:
    return ConfigError(
        f"deploy.options.{key}: {problem}", next_step="Correct it; `gatekeeper explain vercel` shows an example."
    )


PROVIDER: Provider = Vercel()
