"""Every error has one shape and shows nothing of the inside, whether a journey or bad input brings it about."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from smoke.bad_input import bad_bodies
from smoke.checks import Answer, Asking, Question
from smoke.errors import Misconfigured, NoAnswer
from smoke.model import Verdict
from smoke.probe import Reply, Session, session
from smoke.steps import Step, filled, send, walk

_SHOWN = 3
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s*File \"[^\"]+\", line \d+|^\s+at [\w$.<>]+ ?\([^)]*:\d+(?::\d+)?\)"
    r"|^\s*at (?:[\w$]+\.)+[\w$]+\(\w+\.java:\d+\)|\.rb:\d+:in [`']|^#\d+ /\S+\.php\(\d+\)|goroutine \d+ \[running\]"
    r"|thread '\w+' panicked at|\b(?:psycopg|sqlalchemy|org\.postgresql|PG::|PrismaClient)\w*[.:]+\w+|SQLSTATE",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """`schema` is the JSON Schema of an error; `journey` and `sweep` are requests, the latter with a right body."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    schema: Mapping[str, Any]
    journey: tuple[Step, ...] = ()
    sweep: tuple[Step, ...] = ()
    log_in: tuple[Step, ...] = ()

    def ask(self, asking: Asking) -> Answer:
        """Send everything once; whatever answers 400 or more is compared."""
        fits = self._validator(asking.name)
        seen, wrong = 0, []
        with session(asking.target.url, asking.deadline) as visitor:
            walk(visitor, self.log_in)
            for request, sent, is_bad_input in self._requests(visitor):
                try:
                    reply = sent()
                except NoAnswer as error:
                    wrong.append(f"{request}: {error.problem}")
                    continue
                seen += reply.status >= 400
                wrong += [f"{request}: {problem}" for problem in _problems(reply, fits, is_bad_input=is_bad_input)]
        if wrong:
            more = f" (and {len(wrong) - _SHOWN} more)" if len(wrong) > _SHOWN else ""
            return Answer(Verdict.FAIL, "; ".join(wrong[:_SHOWN]) + more)
        if not seen:
            return Answer(Verdict.INCONCLUSIVE, "none of these requests was answered with an error")
        return Answer(Verdict.PASS, f"{seen} errors have one shape and show nothing of the inside")

    def _validator(self, name: str) -> Any:
        from jsonschema import Draft202012Validator, SchemaError

        try:
            Draft202012Validator.check_schema(self.schema)
        except SchemaError as error:
            raise Misconfigured(f"smoke check {name!r}", "schema", error.message, next_step="Correct it.") from error
        return Draft202012Validator(self.schema)

    def _requests(self, visitor: Session) -> Iterator[tuple[str, Callable[[], Reply], bool]]:
        for step in self.journey:
            yield str(step), partial(send, visitor, step), False
        for step in self.sweep:
            if step.json is None:
                yield from _bad_paths(visitor, step)
                continue
            for bad in bad_bodies(filled(step.json, {})):
                headers = {"content-type": bad.content_type}
                sent = partial(visitor.send, step.method, step.path, bad.content, headers={**step.headers, **headers})
                yield f"{step} with {bad.what}", sent, True


def _bad_paths(visitor: Session, step: Step) -> Iterator[tuple[str, Callable[[], Reply], bool]]:
    """What a careless client or a scanner asks for. None of the methods means anything to any route."""
    path = step.path.partition("?")[0].rstrip("/")
    for what, bad in (
        ("a NUL in the path", f"{path}%00"),
        ("bytes that are no text in the path", f"{path}/%ff%fe"),
        ("a page below that is not there", f"{path}/no-such-thing-for-smoke"),
        ("a query of 4000 letters", f"{path}?q={'a' * 4000}"),
    ):
        yield f"{step} with {what}", partial(visitor.send, step.method, bad, headers=step.headers), True
    yield f"an unknown method on {path}", partial(visitor.send, "PROPFIND", step.path, headers=step.headers), False


def _problems(reply: Reply, fits: Any, *, is_bad_input: bool) -> Iterator[str]:
    if reply.status < 400:
        return
    if is_bad_input and reply.status >= 500:
        yield f"bad input is answered with {reply.status}, as if the site were to blame"
    if _TRACE.search(reply.body.decode("utf-8", errors="replace")):
        yield f"{reply.status} shows a stack trace or the database's own words"
        return
    try:
        document = reply.json()
    except (ValueError, RecursionError):
        yield f"{reply.status} is not JSON"
        return
    error = next(iter(fits.iter_errors(document)), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path)) or "the whole"
        yield f"{reply.status} has another shape: {place} does not fit {'.'.join(map(str, error.schema_path))}"


CHECK: type[Question] = ErrorShape
