"""Stand-ins for the services that people are told through: each checks what it is sent as the real one would.

PagerDuty answers 202, or 400 for an event that its reference does not allow, and opens one incident for a dedup_key.
GitHub answers 201, 401 without the token, 422 for a body that its reference does not allow, and lists what was made.
Anything else is a place that apprise posts to.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator

from tests.http_peer import http_peer
from tests.pages import ROOT

ROUTING_KEY, TOKEN = "R0123456789abcdef0123456789abcde", "ghs_0123456789"
_PAGER = json.loads((ROOT / "tests/schemas/pagerduty-event.schema.json").read_text())
_GITHUB = json.loads((ROOT / "tests/schemas/github-deployment.schema.json").read_text())


@dataclass
class Services:
    url: str = ""
    silent: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def open_incidents(self) -> set[str]:
        found: set[str] = set()
        for event in self.events:
            found = found | {event["dedup_key"]} if event["event_action"] == "trigger" else found - {event["dedup_key"]}
        return found

    def answer(self, method: str, target: str, token: str | None, body: bytes) -> tuple[int, object]:
        parts = urlsplit(target)
        if self.silent:
            return 503, {"message": "down"}
        sent = json.loads(body) if body else None
        if parts.path == "/v2/enqueue":
            return self._pager(sent)
        if parts.path.startswith("/repos/clinic/web/deployments"):
            return self._github(method, parts.path, parse_qs(parts.query), token, sent)
        self.posted.append(dict(sent or {}))
        return 200, {}

    def _pager(self, sent: Any) -> tuple[int, object]:
        if wrong := [error.message for error in Draft202012Validator(_PAGER).iter_errors(sent)]:
            self.refused += wrong
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
        if sent["routing_key"] != ROUTING_KEY:
            return 400, {"status": "invalid event", "errors": [f"unknown routing_key {sent['routing_key']}"]}
        self.events.append(sent)
        return 202, {"status": "success", "message": "Event processed", "dedup_key": sent["dedup_key"]}

    def _github(
        self, method: str, path: str, query: dict[str, list[str]], token: str | None, sent: Any
    ) -> tuple[int, object]:
        if token != f"Bearer {TOKEN}":
            return 401, {"message": f"Bad credentials: {token}"}
        if method == "GET":
            wanted = {"ref": query["sha"][0], "environment": query["environment"][0], "task": query["task"][0]}
            return 200, [one for one in self.deployments if wanted.items() <= one.items()]
        kind = "status" if path.endswith("/statuses") else "deployment"
        validator = Draft202012Validator({**_GITHUB, "$ref": f"#/$defs/{kind}"})
        if wrong := [error.message for error in validator.iter_errors(sent)]:
            self.refused += wrong
            return 422, {"message": "Validation Failed", "errors": wrong}
        if kind == "status":
            self.statuses.append((int(path.split("/")[-2]), sent))
            return 201, {"id": len(self.statuses)}
        self.deployments.append({"id": 40 + len(self.deployments), **sent})
        return 201, self.deployments[-1]


@contextmanager
def services() -> Iterator[Services]:
    state = Services()
    with http_peer(state.answer) as state.url:
        yield state
