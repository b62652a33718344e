"""The site says that it is ready to take visitors."""

from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import session


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer below 400 counts as ready."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    path: str = "/api/ready"

    def ask(self, asking: Asking) -> Answer:
        """Ask once; a site that says when to come back is quoted."""
        with session(asking.target.url, asking.deadline) as visitor:
            reply = visitor.get(self.path)
        if reply.status >= 400:
            later = reply.headers.get("retry-after", "")
            hint = f", Retry-After {later} s" if later.isdecimal() else ""
            return Answer(Verdict.FAIL, f"GET {self.path}: expected a site that is ready, saw {reply.status}{hint}")
        return Answer(Verdict.PASS, f"GET {self.path} answered {reply.status}: ready")


CHECK: type[Question] = Ready
