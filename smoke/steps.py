"""Requests as settings write them: one visitor sends them in order, and what an answer holds is passed on."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from smoke.document import NOTHING, differences, value_at
from smoke.errors import NoAnswer
from smoke.probe import Reply, Session

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `{name}` in path, headers and body stands for what an earlier step has captured.

    `json` is sent as JSON, `body` as it stands. Without `status` any answer below 400 will do; `expect` maps paths into
    a JSON answer to values, `capture` names to such paths.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    path: str
    method: str = "GET"
    json: Any = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)
    capture: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def send(visitor: Session, step: Step, known: Mapping[str, str] | None = None) -> Reply:
    """Send a step's request, whatever comes back."""
    known = known or {}
    headers = {name.lower(): filled(value, known) for name, value in step.headers.items()}
    content: bytes | None = filled(step.body, known).encode() or None
    if step.json is not None:
        content = json.dumps(filled(step.json, known), ensure_ascii=False).encode()
        headers.setdefault("content-type", "application/json")
    return visitor.send(step.method, filled(step.path, known), content, headers=headers)


def walk(visitor: Session, steps: Iterable[Step], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Take all steps; what they captured. Raises NoAnswer at the first whose answer is not as it should be."""
    found = dict(known or {})
    for number, step in enumerate(steps, 1):
        reply = send(visitor, step, found)
        problems = list(_problems(step, reply))
        if problems:
            raise NoAnswer(f"step {number}, {step}: {'; '.join(problems)}")
        found |= _captured(number, step, reply)
    return found


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """The value with what is known in the places of `{name}`; unknown names stay as they are."""
    match value:
        case str():
            return _PLACE.sub(lambda place: known.get(place[1], place[0]), value)
        case Mapping():
            return {key: filled(inner, known) for key, inner in value.items()}
        case list() | tuple():
            return [filled(inner, known) for inner in value]
        case _:
            return value


def _problems(step: Step, reply: Reply) -> Iterable[str]:
    if step.status is not None and reply.status != step.status:
        yield f"expected status {step.status}, saw {reply.status}"
    elif step.status is None and reply.status >= 400:
        yield f"expected a status below 400, saw {reply.status}"
    elif step.expect:
        yield from differences(reply.body, step.expect)


def _captured(number: int, step: Step, reply: Reply) -> dict[str, str]:
    if not step.capture:
        return {}
    try:
        document = reply.json()
    except ValueError as error:
        raise NoAnswer(f"step {number}, {step}: expected a JSON answer, saw something else") from error
    values = {name: value_at(document, path) for name, path in step.capture.items()}
    for name, value in values.items():
        if value is NOTHING or isinstance(value, Mapping | list):
            raise NoAnswer(f"step {number}, {step}: expected a value at {step.capture[name]}, saw none")
    return {name: str(value) for name, value in values.items()}
