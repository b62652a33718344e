"""One path answers with the right status, the right values and in time."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import Reply, session

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Health:
    """`json` maps paths such as `database.status` to the values that must stand there."""

    idempotent: ClassVar[bool] = True

    path: str = "/api/health"
    status: int = 200
    json: Mapping[str, Any] = field(default_factory=dict)
    within_seconds: float | None = None

    def ask(self, asking: Asking) -> Answer:
        """Ask for the path once and compare."""
        with session(asking.target.url, asking.deadline) as visitor:
            reply = visitor.get(self.path)
        problems = list(self._problems(reply))
        if problems:
            return Answer(Verdict.FAIL, f"GET {self.path}: {'; '.join(problems)}")
        return Answer(Verdict.PASS, f"GET {self.path} answered {reply.status} in {reply.seconds:.2f} s")

    def _problems(self, reply: Reply) -> Iterator[str]:
        if reply.status != self.status:
            yield f"expected status {self.status}, saw {reply.status}"
        if self.within_seconds is not None and reply.seconds > self.within_seconds:
            yield f"expected an answer within {self.within_seconds:g} s, it took {reply.seconds:.2f} s"
        if self.json:
            yield from self._differences(reply)

    def _differences(self, reply: Reply) -> Iterator[str]:
        try:
            document = reply.json()
        except ValueError:
            yield "expected a JSON answer, saw something else"
            return
        for path, expected in self.json.items():
            seen = value_at(document, path)
            if seen is _NOTHING:
                yield f"expected {path} = {shown(expected)}, saw no such key"
            elif not is_same(seen, expected):
                yield f"expected {path} = {shown(expected)}, saw {shown(seen)}"


def value_at(document: Any, path: str) -> Any:
    """The value that a path such as `checks.0.status` leads to, or a mark of its own for none."""
    for part in path.split("."):
        if isinstance(document, Mapping) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return _NOTHING
    return document


def is_same(seen: Any, expected: Any) -> bool:
    """Equality as JSON has it: true is not 1."""
    return bool(seen == expected) and isinstance(seen, bool) == isinstance(expected, bool)


def shown(value: Any) -> str:
    """A plain value as JSON, cut short; a structure by its kind alone, since it may hold a person's data."""
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"


CHECK: type[Question] = Health
