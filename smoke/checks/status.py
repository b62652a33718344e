"""Several paths answer with the status that each should have, no redirect followed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import Session, session


@dataclass(frozen=True, slots=True)
class Status:
    """`paths` maps each path to its status, such as `{ "/" = 200, "/admin" = 401 }`."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    paths: Mapping[str, int]

    def ask(self, asking: Asking) -> Answer:
        """Ask for each path once, as somebody who is not logged in."""
        with session(asking.target.url, asking.deadline) as visitor:
            wrong = list(self._wrong(visitor))
        if wrong:
            return Answer(Verdict.FAIL, "; ".join(wrong))
        return Answer(Verdict.PASS, f"{len(self.paths)} paths answer as they should")

    def _wrong(self, visitor: Session) -> Iterator[str]:
        for path, status in self.paths.items():
            seen = visitor.get(path, follow=False).status
            if seen != status:
                yield f"GET {path}: expected status {status}, saw {seen}"


CHECK: type[Question] = Status
