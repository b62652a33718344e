"""Who asks too often is told to wait, and who asks as people do is not."""

import re
import secrets
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import Reply, session
from smoke.steps import Step, send

_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many of `request` are welcome (`allowed`); of so many (`refused_within`) at least one is refused."""

    idempotent: ClassVar[bool] = True

    request: Step
    allowed: int = 5
    refused_within: int = 30

    def ask(self, asking: Asking) -> Answer:
        """Send the request again and again until it is refused; `{unique}` in it is another text each time."""
        known = {"unique": secrets.token_hex(8)}
        with session(asking.target.url, asking.deadline) as visitor:
            for number in range(1, self.refused_within + 1):
                reply = send(visitor, self.request, known)
                if reply.status == _TOO_MANY:
                    return self._refused(number, reply)
                if reply.status >= 500:
                    return Answer(Verdict.FAIL, f"{self.request}: number {number} was answered with {reply.status}")
        return Answer(Verdict.FAIL, f"{self.request}: expected 429 within {self.refused_within} requests, saw none")

    def _refused(self, number: int, reply: Reply) -> Answer:
        if number <= self.allowed:
            told = f"number {number} was refused, expected {self.allowed} to be welcome"
            return Answer(Verdict.FAIL, f"{self.request}: {told}")
        if not re.fullmatch(r"\d+|[A-Z][a-z]{2}, .* GMT", reply.headers.get("retry-after", "")):
            return Answer(Verdict.FAIL, f"{self.request}: expected Retry-After with the 429, saw none that can be read")
        return Answer(Verdict.PASS, f"{self.request}: {number - 1} were welcome, then 429 with Retry-After")


CHECK: type[Question] = RateLimit
