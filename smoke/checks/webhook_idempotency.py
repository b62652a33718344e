"""A webhook that is delivered twice, one after the other and at once, leaves one row."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer
from smoke.lanes import together
from smoke.model import Verdict
from smoke.probe import session
from smoke.signing import Signature
from smoke.sql import reading
from smoke.steps import filled


@dataclass(frozen=True, slots=True)
class WebhookIdempotency:
    """`{unique}` in `body` is what `count` looks for, as the parameter `%(unique)s`."""

    idempotent: ClassVar[bool] = False
    beside_others: ClassVar[bool] = True

    path: str
    body: Mapping[str, Any]
    database_url: str
    count: str
    signature: Signature | None = None
    at_once: int = 4

    def ask(self, asking: Asking) -> Answer:
        """Deliver one body twice, another several times at once, and count the rows of both."""
        one, another = f"smoke-{secrets.token_hex(8)}", f"smoke-{secrets.token_hex(8)}"
        for _ in range(2):
            self._deliver(one, asking)
        deliveries = [partial(self._deliver, another, asking)] * self.at_once
        list(together(deliveries, self.at_once, asking.deadline))
        with reading(self.database_url, asking.deadline) as database:
            rows = [int(database.value(self.count, {"unique": unique}) or 0) for unique in (one, another)]
        ways = ("delivered twice", f"delivered {self.at_once} times at once")
        wrong = [f"{way} it left {count} rows" for way, count in zip(ways, rows, strict=True) if count != 1]
        if wrong:
            return Answer(Verdict.FAIL, f"POST {self.path}: expected one row, but {'; '.join(wrong)}")
        return Answer(Verdict.PASS, f"POST {self.path}: {ways[0]} and {ways[1]}, each left one row")

    def _deliver(self, unique: str, asking: Asking) -> None:
        content = json.dumps(filled(dict(self.body), {"unique": unique})).encode()
        signed = self.signature.of(content) if self.signature else {}
        with session(asking.target.url, asking.deadline) as sender:
            reply = sender.send("POST", self.path, content, headers={"content-type": "application/json", **signed})
        if not 200 <= reply.status < 300:
            raise NoAnswer(f"POST {self.path}: expected a status of 2xx for each delivery, saw {reply.status}")


CHECK: type[Question] = WebhookIdempotency
