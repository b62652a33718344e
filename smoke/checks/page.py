"""A page loads in a real browser without an error in its console and without a request that fails."""

from dataclasses import dataclass
from typing import ClassVar

from smoke.browser import Visit, visit
from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer
from smoke.model import Verdict

_SETTLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Page:
    """`shows` is looked for by `role`, or as any text; what contains a text of `ignore` is no error."""

    idempotent: ClassVar[bool] = True

    path: str = "/"
    shows: str = ""
    role: str = ""
    ignore: tuple[str, ...] = ()

    def ask(self, asking: Asking) -> Answer:
        """Load the page once as a new visitor."""
        with visit(asking.target.url, asking.deadline, asking.secrets) as visitor:
            try:
                visitor.open(self.path)
                if self.shows:
                    visitor.see(self.role, self.shows)
                visitor.settle(_SETTLE_SECONDS)
                problems = self._problems(visitor)
            except NoAnswer as error:
                problems = [error.problem]
            if not problems:
                return Answer(Verdict.PASS, f"{self.path} loads without an error")
            artifacts = visitor.evidence(asking.name, asking.target.artifacts)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return Answer(Verdict.FAIL, f"page {self.path}: expected no error, saw: {problems[0]}{more}", artifacts)

    def _problems(self, visitor: Visit) -> list[str]:
        seen = [*visitor.failed_requests, *visitor.console_errors]
        return [problem for problem in seen if not any(text in problem for text in self.ignore)]


CHECK: type[Question] = Page
