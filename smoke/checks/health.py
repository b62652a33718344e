"""One path answers with the right status, the right values and in time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.document import differences
from smoke.model import Verdict
from smoke.probe import Reply, session


@dataclass(frozen=True, slots=True)
class Health:
    """`json` maps paths such as `database.status` to the values that must stand there."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

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
            yield from differences(reply.body, self.json)


CHECK: type[Question] = Health
