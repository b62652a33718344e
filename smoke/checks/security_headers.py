"""Pages carry the headers that protect their visitors, and cookies the flags that protect a session."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import Reply, Session, session
from smoke.steps import Step, send

_NOSNIFF = "x-content-type-options"
_REFERRER = "referrer-policy"
_POLICY = "content-security-policy"
_FRAMES = "x-frame-options"
_SECURE_ONLY = "strict-transport-security"


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """`log_in` are requests that set the session's cookies; those named by `for_scripts` may be read by scripts."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    paths: tuple[str, ...] = ("/",)
    log_in: tuple[Step, ...] = ()
    for_scripts: tuple[str, ...] = ()
    not_needed: tuple[str, ...] = ()

    def ask(self, asking: Asking) -> Answer:
        """Ask for each page, then log in, and look at all that came with the answers."""
        is_secure = asking.target.url.startswith("https://")
        with session(asking.target.url, asking.deadline) as visitor:
            problems = [one for path in self.paths for one in self._of_page(path, visitor, is_secure)]
            replies = [(str(step), send(visitor, step)) for step in self.log_in]
        problems += [one for request, reply in replies for one in self._of_cookies(request, reply, is_secure)]
        if problems:
            return Answer(Verdict.FAIL, "; ".join(dict.fromkeys(problems)))
        pages = f"{len(self.paths)} {'page carries' if len(self.paths) == 1 else 'pages carry'} the headers"
        cookies = sum(len(reply.cookies) for _, reply in replies)
        return Answer(Verdict.PASS, f"{pages}, {cookies} cookies the flags that they need")

    def _of_page(self, path: str, visitor: Session, is_secure: bool) -> Iterator[str]:
        reply = visitor.get(path)
        not_needed = {name.lower() for name in self.not_needed}
        for problem in _missing(reply, is_secure):
            if problem.partition(" ")[0].lower() not in not_needed:
                yield f"GET {path}: {problem}"
        yield from self._of_cookies(f"GET {path}", reply, is_secure)

    def _of_cookies(self, request: str, reply: Reply, is_secure: bool) -> Iterator[str]:
        if reply.status >= 400:
            yield f"{request}: expected a status below 400, saw {reply.status}"
        for cookie in reply.cookies:
            name, *flags = (part.strip() for part in cookie.split(";"))
            name, flags = name.partition("=")[0], [flag.partition("=")[0].lower() for flag in flags]
            wanted = ["SameSite"] + ["Secure"] * is_secure + ["HttpOnly"] * (name not in self.for_scripts)
            missing = [flag for flag in wanted if flag.lower() not in flags]
            if missing:
                yield f"{request}: the cookie {name} is set without {', '.join(missing)}"


def _missing(reply: Reply, is_secure: bool) -> Iterator[str]:
    headers = {name: value.lower() for name, value in reply.headers.items()}
    if _POLICY not in headers:
        yield "Content-Security-Policy is missing"
    if "frame-ancestors" not in headers.get(_POLICY, "") and _FRAMES not in headers:
        yield "X-Frame-Options is missing, and no frame-ancestors stands in its place"
    if headers.get(_NOSNIFF, "").strip() != "nosniff":
        yield "X-Content-Type-Options is not nosniff"
    if _REFERRER not in headers:
        yield "Referrer-Policy is missing"
    if is_secure and "max-age=" not in headers.get(_SECURE_ONLY, "").replace("max-age=0", ""):
        yield "Strict-Transport-Security is missing"
    if any(character.isdigit() for character in headers.get("server", "")):
        yield "Server tells its version"
    if "x-powered-by" in headers:
        yield "X-Powered-By is sent"


CHECK: type[Question] = SecurityHeaders
