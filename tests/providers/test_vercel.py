"""What is sent to Vercel is what its REST reference asks for, and a deploy is done when production is the new one.

The server here stands for Vercel: it answers as the reference says (promote: 201 or 202 without a body; rollback: 201;
project: 200 with `targets.production.id`; 403 without the right token; 404 for what it does not know) and moves the
domains a little later, as Vercel does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Action
from gatekeeper.providers import Deployment, providers
from gatekeeper.release.carry_out import carry_out, problem_of
from tests.http_peer import http_peer

TOKEN = "vercel-token-0123456789"
_PROMOTE = re.compile(r"/v10/projects/(?P<project>[^/]+)/promote/(?P<deployment>dpl_\w+)")
_ROLLBACK = re.compile(r"/v1/projects/(?P<project>[^/]+)/rollback/(?P<deployment>dpl_\w+)")
_PROJECT = re.compile(r"/v9/projects/(?P<project>[^/]+)")


@dataclass
class Platform:
    url: str = ""
    production: str = "dpl_old"
    known: frozenset[str] = frozenset({"dpl_old", "dpl_new"})
    moves_after: int = 2
    asked: list[str] = field(default_factory=list)
    moving: str | None = None

    def answer(self, method: str, target: str, token: str | None, body: bytes) -> tuple[int, object]:
        parts = urlsplit(target)
        self.asked.append(f"{method} {parts.path}")
        if token != f"Bearer {TOKEN}" or parse_qs(parts.query).get("teamId") != ["team_1"]:
            return 403, {"error": {"code": "forbidden", "message": f"Not authorized: {token}"}}
        if body:
            return 400, {"error": {"code": "bad_request", "message": "neither takes a body"}}
        for pattern, status in ((_PROMOTE, 202), (_ROLLBACK, 201)):
            if method == "POST" and (found := pattern.fullmatch(parts.path)):
                if found["deployment"] not in self.known:
                    return 404, {"error": {"code": "not_found", "message": "Deployment not found"}}
                self.moving = found["deployment"]
                return status, None
        if method == "GET" and _PROJECT.fullmatch(parts.path):
            self._move()
            return 200, {"id": "prj_1", "name": "clinic-web", "targets": {"production": {"id": self.production}}}
        return 404, {"error": {"code": "not_found", "message": "no such route"}}

    def _move(self) -> None:
        if self.moving is not None:
            self.moves_after -= 1
            if self.moves_after <= 0:
                self.production, self.moving = self.moving, None


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    state = Platform()
    monkeypatch.setenv("VERCEL_TOKEN", TOKEN)
    with http_peer(state.answer) as state.url:
        yield state


def about(
    platform: Platform, version: str = "dpl_new", previous: str | None = "dpl_old", **options: object
) -> Deployment:
    settings: dict[str, object] = {
        "project": "clinic-web", "team": "team_1", "token": "env:VERCEL_TOKEN", "api": platform.url, **options,
    }  # fmt: skip
    return Deployment("clinic", "production", version, previous, settings)


def carried(actions: tuple[Action, ...]) -> str | None:
    return problem_of(carry_out(actions))


def test_a_deploy_is_done_when_production_is_the_new_deployment(platform: Platform) -> None:
    vercel = providers()["vercel"]

    assert carried(vercel.plan_deploy(about(platform))) is None

    assert platform.production == "dpl_new"
    assert platform.asked[0] == "POST /v10/projects/clinic-web/promote/dpl_new"
    assert carry_out(vercel.plan_status(about(platform)))[-1].output == "dpl_new"


def test_a_rollback_is_instant_and_says_what_else_goes_back(platform: Platform) -> None:
    platform.production = "dpl_new"
    plan = providers()["vercel"].plan_rollback(about(platform))

    assert carried(plan) is None

    assert platform.production == "dpl_old"
    assert platform.asked[0] == "POST /v1/projects/clinic-web/rollback/dpl_old"
    assert "its environment variables and cron jobs come back with it" in plan[0].purpose


def test_domains_that_do_not_move_are_a_failed_deploy(platform: Platform) -> None:
    platform.moves_after = 1000

    problem = carried(providers()["vercel"].plan_deploy(about(platform, timeout_seconds=0.3)))

    assert problem is not None
    assert "it is 'dpl_old', not 'dpl_new'" in problem


def test_what_vercel_refuses_is_told_without_the_token(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = carried(providers()["vercel"].plan_deploy(about(platform, version="dpl_unknown")))
    monkeypatch.setenv("VERCEL_TOKEN", "another-token-0123456789")
    refused = carried(providers()["vercel"].plan_deploy(about(platform)))

    assert unknown is not None
    assert "answered 404" in unknown
    assert refused is not None
    assert "answered 403" in refused
    assert "another-token" not in refused


@pytest.mark.parametrize(
    ("option", "value"), [("token", "vercel-secret"), ("project", ""), ("timeout_seconds", 0), ("tokne", "env:X")]
)
def test_a_wrong_option_is_named(platform: Platform, option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"deploy.options.{option}"):
        providers()["vercel"].plan_deploy(about(platform, **{option: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["v2", "", "dpl_1/../../x", "https://clinic-web-abc.vercel.app"])
def test_a_version_that_is_no_deployment_is_refused(platform: Platform, version: str) -> None:
    with pytest.raises(ConfigError, match="is not the id of a deployment"):
        providers()["vercel"].plan_deploy(about(platform, version=version))
