"""A redirect leads where it should, by the status it should have, and not in a circle."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import MOST_REDIRECTS, Reply, Session, session

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Redirect:
    """`to` is a path of the site or a whole URL; without `status` any redirect will do."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    to: str
    path: str = "/"
    status: int | None = None

    def ask(self, asking: Asking) -> Answer:
        """Go from redirect to redirect as a browser does, and look where that ends."""
        start = urljoin(asking.target.url.rstrip("/") + "/", self.path.lstrip("/"))
        with session(asking.target.url, asking.deadline) as visitor:
            return self._follow(visitor, start)

    def _follow(self, visitor: Session, start: str) -> Answer:
        url, way = start, [_path(start)]
        for step in range(MOST_REDIRECTS + 1):
            reply = visitor.get(url, follow=False)
            if step == 0 and (problem := self._first(reply)):
                return Answer(Verdict.FAIL, f"GET {self.path}: {problem}")
            if reply.status not in _REDIRECTS:
                return self._arrived(start, url, reply)
            url = urljoin(url, reply.headers.get("location", ""))
            if _path(url) in way:
                circle = " → ".join([*way, _path(url)])
                return Answer(Verdict.FAIL, f"GET {self.path} goes round in a circle: {circle}")
            way.append(_path(url))
        return Answer(Verdict.FAIL, f"GET {self.path}: more than {MOST_REDIRECTS} redirects: {' → '.join(way)}")

    def _first(self, reply: Reply) -> str:
        if reply.status not in _REDIRECTS:
            return f"expected a redirect to {self.to}, saw {reply.status}"
        if self.status is not None and reply.status != self.status:
            return f"expected status {self.status}, saw {reply.status}"
        return ""

    def _arrived(self, start: str, url: str, reply: Reply) -> Answer:
        if _path(urljoin(start, self.to)) != _path(url):
            return Answer(Verdict.FAIL, f"GET {self.path}: expected to end at {self.to}, ended at {_path(url)}")
        if reply.status >= 400:
            return Answer(Verdict.FAIL, f"GET {self.path}: ended at {self.to}, which answered {reply.status}")
        return Answer(Verdict.PASS, f"GET {self.path} leads to {self.to}")


def _path(url: str) -> str:
    """Scheme, host and path: a query may say who somebody is."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path or '/'}"


CHECK: type[Question] = Redirect
