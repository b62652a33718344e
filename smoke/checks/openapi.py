"""The API answers as its OpenAPI document says, whatever fits the document is sent: asked with schemathesis."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer, NotInstalled, TargetUnreachable
from smoke.model import Verdict
from smoke.probe import Session, session
from smoke.steps import Step, walk

if TYPE_CHECKING:
    from schemathesis import APIOperation, Case
    from schemathesis.core.failures import Failure

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Openapi:
    """`methods` keeps to what changes nothing unless it is told otherwise; `skip` are beginnings of paths."""

    idempotent: ClassVar[bool] = False

    document: str = "/openapi.json"
    examples: int = 10
    methods: tuple[str, ...] = ("GET",)
    skip: tuple[str, ...] = ()
    log_in: tuple[Step, ...] = ()
    checks: tuple[str, ...] = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )

    def ask(self, asking: Asking) -> Answer:
        """Make requests of each operation, always the same ones, and compare the answers."""
        with session(asking.target.url, asking.deadline) as visitor:
            document = self._read(visitor)
            walk(visitor, self.log_in)
            run = _Run(self, asking, visitor, _base(asking.target.url, document))
            for operation in self._operations(document):
                run.ask(operation)
        if run.wrong:
            more = f" (and {len(run.wrong) - _SHOWN} more)" if len(run.wrong) > _SHOWN else ""
            return Answer(Verdict.FAIL, "; ".join(list(run.wrong)[:_SHOWN]) + more)
        told = f"{run.sent} requests to {len(run.asked)} operations"
        if run.missed or not run.sent:
            missed = f"; not asked: {', '.join(run.missed[:_SHOWN])}" if run.missed else ""
            return Answer(Verdict.INCONCLUSIVE, f"{told} in the time allowed{missed}")
        return Answer(Verdict.PASS, f"{told} were answered as {self.document} says")

    def _read(self, visitor: Session) -> Mapping[str, Any]:
        reply = visitor.get(self.document)
        try:
            document = reply.json() if reply.status == 200 else None
        except ValueError:
            document = None
        if not isinstance(document, Mapping) or not isinstance(document.get("paths"), Mapping):
            raise NoAnswer(f"GET {self.document}: expected an OpenAPI document as JSON, saw {reply.status} without one")
        return document

    def _operations(self, document: Mapping[str, Any]) -> Iterator["APIOperation[Any, Any, Any, Any]"]:
        try:
            from schemathesis.openapi import from_dict
        except ImportError as error:
            raise NotInstalled("schemathesis", "openapi") from error
        from schemathesis.core.result import Ok

        for found in from_dict(dict(document)).get_all_operations():
            if not isinstance(found, Ok):
                raise NoAnswer(f"{self.document} cannot be used: {str(found.err()).splitlines()[0]}")
            operation = found.ok()
            skipped = any(operation.path.startswith(start) for start in self.skip)
            if operation.method.upper() in self.methods and not skipped:
                yield operation


@dataclass(slots=True)
class _Run:
    check: Openapi
    asking: Asking
    visitor: Session
    base: str
    sent: int = 0
    asked: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    wrong: dict[str, None] = field(default_factory=dict)
    unreached: TargetUnreachable | None = None

    @property
    def is_over(self) -> bool:
        return self.unreached is not None or self.asking.seconds_left <= 0

    def ask(self, operation: "APIOperation[Any, Any, Any, Any]") -> None:
        """Send the examples of one operation, up to the first that is answered otherwise."""
        from hypothesis import HealthCheck, Phase, given, settings

        before = self.sent

        @settings(
            max_examples=self.check.examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def each(case: "Case[Any]") -> None:
            if self.is_over or any(told.startswith(operation.label) for told in self.wrong):
                return
            try:
                self.wrong |= dict.fromkeys(f"{operation.label}: {told}" for told in self._failures(case))
            except TargetUnreachable as error:  # hypothesis would ask again to see whether it comes again
                self.unreached = error

        each()
        if self.unreached is not None:
            raise self.unreached
        (self.asked if self.sent > before else self.missed).append(operation.label)

    def _failures(self, case: "Case[Any]") -> Iterator[str]:
        from requests import Request
        from schemathesis.checks import CHECKS
        from schemathesis.core.failures import FailureGroup
        from schemathesis.core.transport import Response

        wanted = case.as_transport_kwargs(base_url=self.base)
        request = Request(**{key: value for key, value in wanted.items() if key in _OF_A_REQUEST}).prepare()
        body = request.body.encode() if isinstance(request.body, str) else request.body
        assert body is None or isinstance(body, bytes)  # nothing is streamed
        headers = {name: str(value) for name, value in request.headers.items() if name.lower() not in _OF_THE_LINE}
        try:
            reply = self.visitor.send(str(request.method), str(request.url), body, headers=headers)
        except NoAnswer as error:
            yield error.problem
            return
        self.sent += 1
        seen = Response(
            reply.status,
            {name: [value] for name, value in reply.headers.items()},
            reply.body,
            request,
            reply.seconds,
            verify=True,
        )
        try:
            checks: list[Any] = list(CHECKS.get_by_names(list(self.check.checks)))
            case.validate_response(seen, checks=checks)
        except FailureGroup as group:
            yield from (_told(failure, reply.status) for failure in group.exceptions)


# What httpx or the deadline decides, or what only schemathesis reads.
_OF_THE_LINE = {"user-agent", "accept-encoding", "connection", "content-length", "x-schemathesis-testcaseid"}
_OF_A_REQUEST = {"method", "url", "headers", "params", "json", "data", "cookies", "files"}


def _told(failure: "Failure | BaseException", status: int) -> str:
    """The kind of failure and where in the answer; the rest of schemathesis's own words quotes the answer."""
    title = getattr(failure, "title", type(failure).__name__)
    place = ".".join(map(str, getattr(failure, "instance_path", ())))
    return f"{status}: {title}{f' at {place}' if place else ''}"


def _base(url: str, document: Mapping[str, Any]) -> str:
    servers = document.get("servers") or [{}]
    path = str(servers[0].get("url", ""))
    return urljoin(url, path).rstrip("/") if path.startswith("/") else url.rstrip("/")


CHECK: type[Question] = Openapi
