"""A person can log in: in a real browser, by the labels and names that people see."""

from dataclasses import dataclass
from typing import ClassVar

from smoke.browser import Visit, visit
from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer
from smoke.model import Verdict


@dataclass(frozen=True, slots=True)
class Login:
    """Fields and button by label and name; what shows success by role and name; `then_…` is a page behind it."""

    idempotent: ClassVar[bool] = True

    username: str
    password: str
    success_name: str
    success_role: str = "heading"
    path: str = "/login"
    username_label: str = "Email"
    password_label: str = "Password"
    button: str = "Sign in"
    then_path: str = ""
    then_role: str = "heading"
    then_name: str = ""

    def ask(self, asking: Asking) -> Answer:
        """Log in once as a new visitor."""
        secrets = (*asking.secrets, self.password, self.username)
        with visit(asking.target.url, asking.deadline, secrets) as visitor:
            try:
                self._walk(visitor)
            except NoAnswer as error:
                message = ". ".join([f"login: {error.problem}", *_seen(visitor)])
                return Answer(Verdict.FAIL, message, visitor.evidence(asking.name, asking.target.artifacts))
        beyond = f", and {self.then_path} shows {self.then_name!r}" if self.then_path else ""
        return Answer(Verdict.PASS, f"logged in, {self.success_role or 'text'} {self.success_name!r} shows{beyond}")

    def _walk(self, visitor: Visit) -> None:
        visitor.open(self.path)
        visitor.type_into(self.username_label, self.username)
        visitor.type_into(self.password_label, self.password)
        visitor.press(self.button)
        visitor.see(self.success_role, self.success_name)
        if self.then_path:
            visitor.open(self.then_path)
            visitor.see(self.then_role, self.then_name)


def _seen(visitor: Visit) -> list[str]:
    """What a person would notice first, for the message."""
    seen = [f"the browser is on {visitor.path}"]
    seen += [f"the page says {alert!r}" for alert in visitor.alerts[:1]]
    return seen + list(dict.fromkeys(str(request) for request in visitor.failed_requests))[:2]


CHECK: type[Question] = Login
