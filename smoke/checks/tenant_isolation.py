"""No tenant sees another's data: what belongs to one is asked for with the other's session."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer
from smoke.model import Verdict
from smoke.probe import Session, session

_REFUSALS = (401, 403, 404)


@dataclass(frozen=True, slots=True)
class Tenant:
    """`body` is what its login sends as JSON; only it may read the paths `routes` and see the texts `marks`."""

    body: Mapping[str, Any]
    routes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TenantIsolation:
    """Two real logins; each tenant's routes must work for itself and be refused to the other.

    `lists` are paths that both may ask for, and that show each its own.
    """

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    a: Tenant
    b: Tenant
    lists: tuple[str, ...] = ()
    login_path: str = "/api/login"

    def ask(self, asking: Asking) -> Answer:
        """Log both in and ask for every route twice; the answers' bodies are never looked into or kept."""
        with ExitStack() as open_sessions:
            visitors = [open_sessions.enter_context(session(asking.target.url, asking.deadline)) for _ in "ab"]
            sessions = dict(zip("ab", visitors, strict=True))
            self._log_in(sessions["a"], "a", self.a)
            self._log_in(sessions["b"], "b", self.b)
            leaks = [*self._leaks("a", self.a, sessions), *self._leaks("b", self.b, sessions)]
            leaks += [leak for path in self.lists for leak in self._in_list(path, sessions)]
        if leaks:
            return Answer(Verdict.CRITICAL, f"a tenant's data was given to another: {'; '.join(leaks)}")
        told = (
            f"{len(self.a.routes) + len(self.b.routes)} routes work for their own tenant and are refused to the other"
        )
        return Answer(Verdict.PASS, f"{told}, {len(self.lists)} lists show each its own" if self.lists else told)

    def _log_in(self, visitor: Session, name: str, tenant: Tenant) -> None:
        reply = visitor.post(self.login_path, dict(tenant.body))
        if reply.status >= 400:
            raise NoAnswer(f"tenant {name} cannot log in: POST {self.login_path} answered {reply.status}")

    def _leaks(self, owner: str, tenant: Tenant, sessions: Mapping[str, Session]) -> Iterator[str]:
        other = "b" if owner == "a" else "a"
        for route in tenant.routes:
            stolen = sessions[other].get(route, follow=False).status
            if 200 <= stolen < 300:
                yield f"GET {route} of {owner} answered {stolen} to {other}, expected 401, 403 or 404"
            elif stolen not in _REFUSALS:
                raise NoAnswer(f"GET {route} of {owner} answered {stolen} to {other}, expected 401, 403 or 404")
            # Without this a wrong route, which answers 404 to everybody, would look like isolation.
            own = sessions[owner].get(route, follow=False).status
            if not 200 <= own < 300:
                raise NoAnswer(f"GET {route} of {owner} answered {own} to {owner} itself, expected 200")

    def _in_list(self, path: str, sessions: Mapping[str, Session]) -> Iterator[str]:
        for reader, own, other in (("a", self.a, self.b), ("b", self.b, self.a)):
            reply = sessions[reader].get(path, follow=False)
            if not 200 <= reply.status < 300:
                raise NoAnswer(f"GET {path} answered {reply.status} to {reader}, expected 200")
            text = reply.body.decode("utf-8", errors="replace")
            if not all(mark in text for mark in own.marks):
                raise NoAnswer(
                    f"GET {path} does not show {reader} its own marks, so nothing can be said about the other's"
                )
            if any(mark in text for mark in other.marks):
                yield f"GET {path} shows {reader} a mark of {'b' if reader == 'a' else 'a'}"


CHECK: type[Question] = TenantIsolation
