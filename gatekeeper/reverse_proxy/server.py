"""The proxy itself: on loopback, every request goes to the version that the state names at that moment."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gatekeeper.reverse_proxy.forward import has_body, to_client, to_upstream
from gatekeeper.reverse_proxy.state import StateUnreadable, read

_LONGEST_SILENCE_SECONDS = 60.0
_GRACE_SECONDS = 3


def serve(folder: Path, port: int) -> None:
    """Serve on 127.0.0.1 until told to stop; by h11, which knows that a 304 has no body whatever its length says."""
    uvicorn.run(
        proxy(folder), host="127.0.0.1", port=port, log_config=None, access_log=False, proxy_headers=False,
        server_header=False, date_header=False, lifespan="off", ws="none", http="h11",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )  # fmt: skip


def proxy(folder: Path) -> ASGIApp:
    """The application: no connection is kept for later, so that none leads to a version that is gone."""
    # A transport, not a client: a client would keep cookies, and follow proxy settings of the environment.
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None, max_keepalive_connections=0))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await _answer(transport, request, folder)
        await answer(scope, receive, send)

    return application


async def _answer(transport: httpx.AsyncHTTPTransport, request: Request, folder: Path) -> Response:
    try:
        upstream = read(folder).upstream
    except StateUnreadable:
        upstream = None
    if upstream is None:
        return _sorry(503, "no version serves")
    try:
        answer = await transport.handle_async_request(_request_to(upstream.port, request))
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return _sorry(503, f"{upstream.name} does not answer")
    except httpx.TimeoutException:
        return _sorry(504, f"{upstream.name} did not answer in time")
    except httpx.TransportError:
        return _sorry(502, f"{upstream.name} broke off before it answered")
    except ClientDisconnect:
        return Response(status_code=400)
    passed_on = StreamingResponse(_body(answer), status_code=answer.status_code)
    passed_on.raw_headers = to_client(answer.headers.raw)
    return passed_on


def _request_to(port: int, request: Request) -> httpx.Request:
    """The same request for the version's port, its path and query as they were written."""
    scope = request.scope
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    patience = httpx.Timeout(_LONGEST_SILENCE_SECONDS, connect=5.0)
    return httpx.Request(
        request.method,
        f"http://127.0.0.1:{port}/",
        headers=to_upstream(scope["headers"], request.client.host if request.client else "unknown"),
        content=request.stream() if has_body(scope["headers"]) else None,
        extensions={"target": target, "timeout": patience.as_dict()},
    )


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_raw():
            yield part
    finally:
        await answer.aclose()


def _sorry(status: int, what: str) -> Response:
    return JSONResponse({"error": what}, status, headers={"Retry-After": "1", "Cache-Control": "no-store"})
