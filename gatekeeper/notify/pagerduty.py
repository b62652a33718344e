"""PagerDuty, by its Events API v2: one incident a release, opened by trouble and closed by its end."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from gatekeeper.model.action import HttpCall
from gatekeeper.model.message import Event, Message
from gatekeeper.notify import Channel, Talk, shortened

_SUMMARY_CHARACTERS, _DEDUP_KEY_CHARACTERS = 1024, 255
_SEVERITY = {Event.HELD: "critical", Event.ROLLING_BACK: "error", Event.BREAK_GLASS: "warning"}


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """`routing_key` is the integration key of a service, 32 characters, from the environment.

    Source: PagerDuty, "Events API v2", https://developer.pagerduty.com/docs/events-api-v2-overview.
    """

    routing_key: Annotated[str, Field(min_length=32, max_length=32)] = field(repr=False)
    api: str = "https://events.pagerduty.com"

    events: ClassVar[frozenset[Event]] = frozenset(event for event in Event if event.is_trouble or event.is_over)

    def tell(self, message: Message, told: frozenset[Event]) -> Talk:
        """Open the incident (again and again is the same one), or close the one that was opened."""
        if message.event.is_trouble:
            yield self._event(message, "trigger", payload=_payload(message))
        elif message.event.is_over and any(event.is_trouble for event in told):
            yield self._event(message, "resolve")

    def _event(self, message: Message, action: str, **more: Any) -> HttpCall:
        body = {
            "routing_key": self.routing_key,
            "event_action": action,
            "dedup_key": shortened(message.incident, _DEDUP_KEY_CHARACTERS),
            **more,
        }
        return HttpCall(
            "POST",
            f"{self.api.rstrip('/')}/v2/enqueue",
            f"{action} an incident at PagerDuty",
            {"Content-Type": "application/json"},
            body=json.dumps(body, ensure_ascii=False),
        )


def _payload(message: Message) -> dict[str, Any]:
    return {
        "summary": shortened(f"{message.title}. {message.body}", _SUMMARY_CHARACTERS),
        "source": f"{message.service}@{message.environment}",
        "severity": _SEVERITY[message.event],
        "component": message.service,
        "class": "release",
        "custom_details": {
            "release": message.release,
            "version": message.version,
            "commit": message.commit,
            "next step": message.next_step,
        },
    }


CHANNEL: type[Channel] = PagerDuty
