"""GitHub: the release as a deployment of its commit, with a status for each event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar
from urllib.parse import quote, urlencode

from pydantic import Field

from gatekeeper.model.action import HttpCall
from gatekeeper.model.message import Event, Message
from gatekeeper.notify import Channel, Talk, shortened

_DESCRIPTION_CHARACTERS = 140
_TASK = "deploy:gatekeeper"
_STATES = {
    Event.STARTED: "queued",
    Event.WAITS: "pending",
    Event.ROLLING_BACK: "in_progress",
    Event.RELEASED: "success",
    Event.ROLLED_BACK: "failure",
    Event.STOPPED: "failure",
    Event.HELD: "error",
    Event.BREAK_GLASS: "pending",
}


@dataclass(frozen=True, slots=True)
class GitHub:
    """`repository` is owner/name; the token may write deployments and comes from the environment.

    Source: GitHub, "REST API endpoints for deployments" and "… for deployment statuses", version 2022-11-28.
    """

    repository: Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")]
    token: Annotated[str, Field(min_length=1)] = field(repr=False)
    log_url: str = ""
    api: str = "https://api.github.com"

    events: ClassVar[frozenset[Event]] = frozenset(Event)

    def tell(self, message: Message, told: frozenset[Event]) -> Talk:
        """Find this release's deployment or make it, then add the status; nothing for a release without a commit."""
        if not message.commit:
            return
        known = json.loads((yield self._call("GET", f"/deployments?{_query(message)}", "look for the deployment")))
        ours = next((one for one in known if _release_of(one) == message.release), None)
        if ours is None:
            ours = json.loads((yield self._call("POST", "/deployments", "make a deployment", _deployment(message))))
        status = {
            "state": _STATES[message.event],
            "description": shortened(message.body or message.title, _DESCRIPTION_CHARACTERS),
            "environment": message.environment,
            **({"log_url": self.log_url} if self.log_url else {}),
        }
        path = f"/deployments/{int(ours['id'])}/statuses"
        yield self._call("POST", path, f"set the deployment's status to {status['state']}", status)

    def _call(self, method: str, path: str, purpose: str, body: Mapping[str, Any] | None = None) -> HttpCall:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return HttpCall(
            method,
            f"{self.api.rstrip('/')}/repos/{quote(self.repository)}{path}",
            f"{purpose} on GitHub",
            headers,
            frozenset({"Authorization"}),
            body=json.dumps(body, ensure_ascii=False) if body else None,
        )


def _query(message: Message) -> str:
    return urlencode({"sha": message.commit, "environment": message.environment, "task": _TASK, "per_page": 100})


def _deployment(message: Message) -> dict[str, Any]:
    """`auto_merge` and required contexts are GitHub's own gates; ours has been passed or is being waited at."""
    return {
        "ref": message.commit,
        "task": _TASK,
        "environment": message.environment,
        "description": shortened(message.title, _DESCRIPTION_CHARACTERS),
        "payload": {"release": message.release},
        "auto_merge": False,
        "required_contexts": [],
    }


def _release_of(deployment: Mapping[str, Any]) -> str | None:
    """GitHub hands the payload back as it came, or as text that holds it."""
    payload = deployment.get("payload")
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            return None
    return payload.get("release") if isinstance(payload, dict) else None


CHANNEL: type[Channel] = GitHub
