"""The site says that it is ready to take visitors, which version it is and on what it stands, and tells no secret."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.document import NOTHING, differences, value_at
from smoke.model import Verdict
from smoke.probe import Reply, session
from smoke.redact import scan

# A word of the key is enough: nobody who may ask for readiness needs what stands there.
_SECRET_KEY = re.compile(r"(?i)\"[^\"]*(?:password|secret|token|api_?key|dsn|database_?url)[^\"]*\"\s*:\s*\"[^\"]+\"")


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer below 400 counts as ready. Paths lead into the JSON answer, such as `checks.schema.head`."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    path: str = "/api/ready"
    has: tuple[str, ...] = ()
    json: Mapping[str, Any] = field(default_factory=dict)
    pool_size: str = ""
    pool_in_use: str = ""

    def ask(self, asking: Asking) -> Answer:
        """Ask once; a site that says when to come back is quoted."""
        with session(asking.target.url, asking.deadline) as visitor:
            reply = visitor.get(self.path)
        if reply.status >= 400:
            later = reply.headers.get("retry-after", "")
            hint = f", Retry-After {later} s" if later.isdecimal() else ""
            return Answer(Verdict.FAIL, f"GET {self.path}: expected a site that is ready, saw {reply.status}{hint}")
        problems = [*self._contract(reply), *_secrets(reply, asking.secrets)]
        if problems:
            return Answer(Verdict.FAIL, f"GET {self.path}: {'; '.join(problems)}")
        return Answer(Verdict.PASS, f"GET {self.path} answered {reply.status}: ready")

    def _contract(self, reply: Reply) -> Iterator[str]:
        if not (self.has or self.json or self.pool_size):
            return
        wrong = list(differences(reply.body, self.json))
        yield from wrong
        try:
            document = reply.json()
        except ValueError:
            yield from ["expected a JSON answer, saw something else"][len(wrong) :]
            return
        yield from (f"expected a value at {path}, saw none" for path in self.has if _is_empty(document, path))
        yield from self._pool(document)

    def _pool(self, document: Any) -> Iterator[str]:
        if not self.pool_size:
            return
        size, in_use = value_at(document, self.pool_size), value_at(document, self.pool_in_use)
        if not isinstance(size, int) or not isinstance(in_use, int):
            yield f"expected numbers at {self.pool_size} and {self.pool_in_use}, saw something else"
        elif in_use >= size:
            yield f"all {size} connections of the pool are in use"


def _is_empty(document: Any, path: str) -> bool:
    value = value_at(document, path)
    return value is NOTHING or value is None or value == ""


def _secrets(reply: Reply, secrets: tuple[str, ...]) -> Iterator[str]:
    text = reply.body.decode("utf-8", errors="replace")
    kinds = list(scan(text, secrets))
    if _SECRET_KEY.search(text):
        kinds.append("something named like a secret")
    if kinds:
        yield f"the answer shows what nobody should see: {', '.join(kinds)}"


CHECK: type[Question] = Ready
