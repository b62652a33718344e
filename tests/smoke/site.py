"""A small real site for the smoke tests: answers are written down, the server and its port are real."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True)
class Canned:
    """An answer to requests of one path (None: any path not named by others).

    `given` must occur in the request's cookies, body or query. `times` limits how often it is given; `seconds` is how
    long it takes. A status of 0 closes the connection without a word.
    """

    path: str | None = None
    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    given: str = ""
    times: int = 1_000_000
    seconds: float = 0.0


@dataclass
class Site:
    url: str
    asked: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def site(*answers: Canned) -> Iterator[Site]:
    left = {id(answer): answer.times for answer in answers}
    lock = threading.Lock()

    def answer_to(method: str, path: str, said: str) -> Canned:
        with lock:
            for answer in sorted(answers, key=lambda one: one.path is None):
                if answer.path not in (None, path) or answer.method != method or answer.given not in said:
                    continue
                if left[id(answer)] > 0:
                    left[id(answer)] -= 1
                    return answer
        return Canned(status=404, body="no such page")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "site", ""

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def do_PROPFIND(self) -> None:
            self._answer("GET")

        def log_message(self, *args: Any) -> None:
            pass

        def _answer(self, method: str) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0))).decode(errors="replace")
            path, _, query = self.path.partition("?")
            running.asked.append(f"{method} {path}")
            answer = answer_to(method, path, self.headers.get("cookie", "") + sent + unquote_plus(query))
            running.stopping.wait(answer.seconds)
            if answer.status == 0:
                self.close_connection = True
                return
            body = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running
    finally:
        running.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def from_http(text: str, place: str | None = None) -> Canned:
    """An `http response` block: status line, headers, blank line, body; `times 3` in its place: given so often."""
    head, _, body = text.partition("\n\n")
    status, *lines = head.splitlines()
    headers = [line.partition(":") for line in lines]
    place, _, times = (place or "").partition(" times ")
    method, path, given = _placed(place)
    return Canned(
        path,
        int(status.split()[1]),
        body,
        tuple((name.strip(), value.strip()) for name, _, value in headers),
        method,
        given,
        int(times or 1_000_000),
    )


def from_html(text: str, place: str | None = None) -> Canned:
    """An `html page` block."""
    method, path, given = _placed(place)
    return Canned(path, 200, text, (("content-type", "text/html; charset=utf-8"),), method, given)


def _placed(place: str | None) -> tuple[str, str | None, str]:
    """`POST /login with TEXT` above a block: the method, the path, and what the request must carry."""
    request, _, given = (place or "").partition(" with ")
    words: Sequence[str] = request.split()
    path = words[-1] if words else None
    return (words[0] if len(words) == 2 else "GET"), path, given
