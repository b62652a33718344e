"""A route that a scheduler calls does its work for whoever knows the secret, and for nobody else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer
from smoke.model import Verdict
from smoke.probe import session
from smoke.steps import Step, send, walk

_REFUSALS = (401, 403, 404)


@dataclass(frozen=True, slots=True)
class CronRoute:
    """`request` carries the secret in its `headers`; without them it must be refused."""

    idempotent: ClassVar[bool] = False
    beside_others: ClassVar[bool] = True

    request: Step
    without: Mapping[str, str] | None = None

    def ask(self, asking: Asking) -> Answer:
        """Call it once as a stranger and once as the scheduler."""
        stranger = replace(self.request, headers=self.without or {})
        with session(asking.target.url, asking.deadline) as visitor:
            refused = send(visitor, stranger).status
            if refused >= 500:
                raise NoAnswer(f"{self.request} answered {refused} to a stranger, expected 401, 403 or 404")
            if refused not in _REFUSALS:
                told = f"{self.request} answered {refused} to a stranger, expected 401, 403 or 404"
                return Answer(Verdict.FAIL, told)
            walk(visitor, [self.request])
        return Answer(Verdict.PASS, f"{self.request} does its work for the scheduler, and refuses others ({refused})")


CHECK: type[Question] = CronRoute
