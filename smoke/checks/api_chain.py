"""Requests that build on one another: what one answer holds, the next request uses."""

import secrets
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import session
from smoke.steps import Step, walk


@dataclass(frozen=True, slots=True)
class ApiChain:
    """All steps are taken by one visitor, who keeps the cookies."""

    idempotent: ClassVar[bool] = False
    beside_others: ClassVar[bool] = True

    steps: tuple[Step, ...]

    def ask(self, asking: Asking) -> Answer:
        """Take one step after the other, up to the first whose answer is not as it should be."""
        with session(asking.target.url, asking.deadline) as visitor:
            walk(visitor, self.steps, {"unique": secrets.token_hex(8)})
        return Answer(Verdict.PASS, f"all {len(self.steps)} steps were answered as they should")


CHECK: type[Question] = ApiChain
