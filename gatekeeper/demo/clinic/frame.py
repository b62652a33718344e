"""What surrounds each request: its id, one line of log, and a plain answer when our own code fails."""

import asyncio
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatekeeper.demo.clinic.errors import error_response, from_status
from gatekeeper.demo.clinic.logs import begin_request, describe, log

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class RequestFrame:
    """Stands around the routes, inside the framework's own error page, which it thereby replaces."""

    def __init__(self, app: ASGIApp, seconds_per_request: float) -> None:
        self.app, self.seconds_per_request = app, seconds_per_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and say in the log how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id"))
        begin_request(request_id)
        started = time.monotonic()
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.update(_PAGE_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await asyncio.sleep(self.seconds_per_request)
        try:
            await self.app(scope, receive, send_marked)
        except Exception as error:  # noqa: BLE001 - the last place that can answer; the class and place are logged
            log("unexpected error", failed=True, **describe(error))
            if not status:
                await error_response(from_status(500))(scope, receive, send_marked)
        log(
            "request",
            failed=status >= 500,
            method=scope["method"],
            route=_route(scope),
            status=status,
            duration=round(time.monotonic() - started, 4),
        )


def _request_id(asked: str | None) -> str:
    return asked if asked and _REQUEST_ID.fullmatch(asked) else uuid4().hex


def _route(scope: Scope) -> str:
    # The template, not the path: a path names a patient.
    return str(getattr(scope.get("route"), "path", "unmatched"))
