"""What surrounds each request: its id, one line of log, and a plain answer when our own code fails."""

import asyncio
import re
import secrets
import time
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatekeeper.demo.clinic.errors import error_response, from_status
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.logs import begin_request, describe, log
from gatekeeper.demo.clinic.wiring import Wiring

_SLUGGISH_SECONDS = 0.3
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class RequestFrame:
    """Stands around the routes, inside the framework's own error page, which it thereby replaces."""

    def __init__(self, app: ASGIApp, wiring: Wiring) -> None:
        self.app, self.wiring = app, wiring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and say in the log how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        release = self.wiring.release
        page_headers = {} if release.has(Fault.NO_SECURITY_HEADERS) else _PAGE_HEADERS
        answer = _Answer(scope, send, _request_id(Headers(scope=scope).get("x-request-id")), page_headers)
        begin_request(answer.request_id)
        await asyncio.sleep(_SLUGGISH_SECONDS if release.has(Fault.SLUGGISH) else release.seconds_per_request)
        try:
            await self.app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last place that can answer; the class and place are logged
            log("unexpected error", failed=True, **describe(error))
            if not answer.status:
                await error_response(from_status(500))(scope, receive, answer.send)


class _Answer:
    """Marks an answer with the request's id, and logs it before its last byte leaves."""

    def __init__(self, scope: Scope, send: Send, request_id: str, page_headers: Mapping[str, str]) -> None:
        self._scope, self._send, self._started = scope, send, time.monotonic()
        self._page_headers = page_headers
        self.request_id, self.status = request_id, 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            headers.update(self._page_headers)
            headers.setdefault("Cache-Control", "no-store")
        elif not message.get("more_body", False):
            self._log()
        await self._send(message)

    def _log(self) -> None:
        log(
            "request",
            failed=self.status >= 500,
            method=self._scope["method"],
            route=_route(self._scope),
            status=self.status,
            duration=round(time.monotonic() - self._started, 4),
        )


def _request_id(asked: str | None) -> str:
    return asked if asked and _REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)


def _route(scope: Scope) -> str:
    # The template, not the path: a path names a patient.
    return "/static" if scope["path"].startswith("/static/") else str(getattr(scope.get("route"), "path", "unmatched"))
