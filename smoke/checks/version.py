"""Everybody is served the version that was deployed: several requests, each by a connection of its own."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.document import NOTHING, shown, value_at
from smoke.errors import NoAnswer
from smoke.model import Verdict
from smoke.probe import Reply, session


@dataclass(frozen=True, slots=True)
class Version:
    """The version stands at `at` in the JSON answer, or in the header `header`."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    expected: str
    path: str = "/api/health"
    at: str = "version"
    header: str = ""
    requests: int = 6

    def ask(self, asking: Asking) -> Answer:
        """Ask several times: behind a load balancer, a new connection may reach another instance."""
        seen: Counter[str] = Counter()
        for _ in range(self.requests):
            with session(asking.target.url, asking.deadline) as visitor:
                seen[self._version(visitor.get(self.path))] += 1
        if set(seen) == {self.expected}:
            return Answer(Verdict.PASS, f"{self.requests} of {self.requests} answers come from {self.expected}")
        told = ", ".join(f"{count} from {shown(version)}" for version, count in seen.most_common())
        return Answer(
            Verdict.FAIL, f"GET {self.path}: expected {self.requests} answers from {shown(self.expected)}, saw {told}"
        )

    def _version(self, reply: Reply) -> str:
        if self.header:
            return reply.headers.get(self.header.lower(), "")
        try:
            version = value_at(reply.json(), self.at)
        except ValueError as error:
            raise NoAnswer(f"GET {self.path}: expected a JSON answer, saw something else") from error
        if version is NOTHING:
            raise NoAnswer(f"GET {self.path}: expected the version at {self.at}, saw no such key")
        return str(version)


CHECK: type[Question] = Version
