"""HTTP to the site: bounded in time, in redirects and in the size of an answer."""

import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urljoin

import httpx

from smoke.errors import NoAnswer, TargetUnreachable, UnusableUrl
from smoke.line import cut_at
from smoke.redact import clean

LARGEST_BODY = 1024 * 1024
MOST_REDIRECTS = 5
_CONNECT_SECONDS = 5.0
_USER_AGENT = "gatekeeper-smoke"

Error = TypeVar("Error", bound=BaseException)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, as far as it was read; the body may hold personal data and must not be shown.

    `headers` have lower-case names; `cookies` are the Set-Cookie headers, each by itself.
    """

    status: int
    seconds: float
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is not."""
        return json.loads(self.body)


class Session:
    """Requests that share cookies, as one visitor's do; all of them end at `deadline` (`time.monotonic`)."""

    def __init__(self, client: httpx.Client, base_url: str, deadline: float) -> None:
        self._client, self._base_url, self._deadline = client, base_url, deadline

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, follow: bool = True) -> Reply:
        """Ask for a path of the site; `follow` goes after redirects."""
        return self.send("GET", path, headers=headers, follow=follow)

    def post(self, path: str, body: Any) -> Reply:
        """Send a JSON body to a path of the site; redirects are not followed."""
        return self.send("POST", path, json.dumps(body).encode(), headers={"content-type": "application/json"})

    def send(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        follow: bool = False,
    ) -> Reply:
        """Send any request to a path of the site."""
        url = urljoin(self._base_url.rstrip("/") + "/", path.lstrip("/"))
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise NoAnswer(f"{method} {path}: there was no time left to ask")
        timeout = httpx.Timeout(left, connect=min(left, _CONNECT_SECONDS))
        began = time.monotonic()
        with _translated(f"{method} {path}", url, left):
            request = self._client.build_request(method, url, content=content, headers=headers, timeout=timeout)
            response = self._client.send(request, stream=True, follow_redirects=follow)
            try:
                read = b"".join(_bounded(response, self._deadline))
            finally:
                response.close()
            return Reply(
                response.status_code,
                time.monotonic() - began,
                read,
                {name.lower(): value for name, value in response.headers.items()},
                tuple(response.headers.get_list("set-cookie")),
            )


@contextmanager
def session(url: str, deadline: float) -> Iterator[Session]:
    """A visitor without cookies yet."""
    with httpx.Client(max_redirects=MOST_REDIRECTS, headers={"user-agent": _USER_AGENT}) as client:
        cut_at(client, deadline)
        yield Session(client, usable(url), deadline)


def usable(url: str) -> str:
    """The URL itself, where it can be asked; raises UnusableUrl."""
    if not url:
        raise UnusableUrl("no URL says where the site runs")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UnusableUrl(f"{clean(url)!r} is not a URL: {error}") from error
    if parsed.scheme not in {"http", "https"}:
        raise UnusableUrl(f"{clean(url)!r} does not begin with http:// or https://")
    if not parsed.host:
        raise UnusableUrl(f"{clean(url)!r} names no host")
    return url


def answers(url: str, seconds: float = _CONNECT_SECONDS) -> None:
    """Whether anything answers there, whatever it says; raises TargetUnreachable where nothing does."""
    with session(url, time.monotonic() + seconds) as visitor:
        try:
            visitor.get("", follow=False)
        except NoAnswer:  # it took the request: something is there
            return


def _bounded(response: httpx.Response, deadline: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_bytes():
        yield chunk
        size += len(chunk)
        if size > LARGEST_BODY:
            raise NoAnswer(f"{response.request.url.path}: the answer is larger than {LARGEST_BODY} bytes")
        if time.monotonic() > deadline:
            raise NoAnswer(f"{response.request.url.path}: the answer was not complete in time")


@contextmanager
def _translated(request: str, url: str, seconds: float) -> Iterator[None]:
    shown = str(httpx.URL(url).copy_with(userinfo=b"", query=None, fragment=None))
    try:
        yield
    except httpx.TooManyRedirects as error:
        raise NoAnswer(f"{request}: more than {MOST_REDIRECTS} redirects") from error
    except httpx.ConnectTimeout as error:
        raise TargetUnreachable(shown, "the connection was not accepted in time") from error
    except httpx.TimeoutException as error:
        raise NoAnswer(f"{request}: no answer within {seconds:.1f} s") from error
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
        raise TargetUnreachable(shown, "the connection was closed before an answer came", refused=True) from error
    except httpx.ConnectError as error:
        if (insecure := _cause(error, ssl.SSLError)) is not None:
            raise NoAnswer(f"{request}: no secure connection: {why_insecure(insecure)}") from error
        raise TargetUnreachable(shown, _reason(error), refused=_has_cause(error, ConnectionRefusedError)) from error
    except httpx.TransportError as error:
        refused = _has_cause(error, ConnectionRefusedError)
        raise TargetUnreachable(shown, _reason(error), refused=refused) from error
    except (httpx.DecodingError, httpx.InvalidURL) as error:
        raise NoAnswer(f"{request}: the answer could not be read ({type(error).__name__})") from error


def why_insecure(error: ssl.SSLError) -> str:
    """Why TLS could not be set up, in OpenSSL's own words, which name no person."""
    return str(getattr(error, "verify_message", "") or error.reason or type(error).__name__)


def _reason(error: BaseException) -> str:
    if _has_cause(error, ConnectionRefusedError):
        return "connection refused: nothing listens on that port"
    if _has_cause(error, socket.gaierror):
        return "the host's name is not known (DNS)"
    return str(error) or type(error).__name__


def _has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    return _cause(error, kind) is not None


def _cause(error: BaseException | None, kind: type[Error]) -> Error | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None
