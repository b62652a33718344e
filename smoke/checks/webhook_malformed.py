"""A webhook refuses what it cannot read with a 4xx: a 500 makes the sender try again and again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from smoke.bad_input import BadBody, bad_bodies
from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import Session, session
from smoke.signing import Signature

_SHOWN = 3
_REFUSALS = (400, 401, 403, 413, 415, 422)


@dataclass(frozen=True, slots=True)
class WebhookMalformed:
    """`sample` is a right body, of which bad ones are made; they are signed as the sender would."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    path: str
    sample: Mapping[str, Any]
    signature: Signature | None = None

    def ask(self, asking: Asking) -> Answer:
        """Send each bad body once, and a right one with a wrong signature."""
        bad = list(bad_bodies(self.sample))
        with session(asking.target.url, asking.deadline) as visitor:
            wrong = [problem for body in bad for problem in self._problems(visitor, body)]
            if self.signature is not None:
                wrong += self._unsigned(visitor, self.signature)
        if wrong:
            more = f" (and {len(wrong) - _SHOWN} more)" if len(wrong) > _SHOWN else ""
            return Answer(Verdict.FAIL, f"POST {self.path}: {'; '.join(wrong[:_SHOWN])}{more}")
        return Answer(
            Verdict.PASS, f"POST {self.path}: {len(bad)} malformed bodies, none brings about an error of the site"
        )

    def _problems(self, visitor: Session, body: BadBody) -> Iterator[str]:
        signed = self.signature.of(body.content) if self.signature else {}
        headers = {"content-type": body.content_type, **signed}
        status = visitor.send("POST", self.path, body.content, headers=headers).status
        if status >= 500 or (body.is_unreadable and status not in _REFUSALS):
            yield f"{body.what} is answered with {status}, expected 400"

    def _unsigned(self, visitor: Session, signature: Signature) -> Iterator[str]:
        right = b"{}"
        for what, headers in (("a wrong signature", signature.wrong_of(right)), ("no signature", {})):
            sent = {"content-type": "application/json", **headers}
            status = visitor.send("POST", self.path, right, headers=sent).status
            if status not in _REFUSALS:
                yield f"{what} is answered with {status}, expected 401"


CHECK: type[Question] = WebhookMalformed
