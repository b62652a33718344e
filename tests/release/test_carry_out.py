"""Commands and calls are carried out in order, up to the first that fails, and secrets do not show."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gatekeeper.model.action import Command, HttpCall
from gatekeeper.release.carry_out import carry_out, problem_of


class _Platform(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        good = self.headers.get("authorization") == "Bearer hunter2hunter2" and body == b'{"version": "v2"}'
        answer = b"deployed" if good else f"no: {self.headers.get('authorization')}".encode()
        self.send_response(200 if good else 403)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def platform() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Platform)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/deploy"
    server.shutdown()
    thread.join()
    server.server_close()


def call(url: str, token: str = "Bearer hunter2hunter2") -> HttpCall:
    secret = frozenset({"Authorization"})
    return HttpCall("POST", url, "deploy v2", {"Authorization": token}, secret, '{"version": "v2"}')


def test_commands_run_in_order_and_the_last_output_is_the_answer() -> None:
    remarks: list[str] = []
    carried = carry_out([Command(("echo", "one"), "first"), Command(("echo", "two"), "second")], remarks.append)

    assert [one.output.strip() for one in carried] == ["one", "two"]
    assert problem_of(carried) is None
    assert remarks == ["first", "second"]


def test_after_a_failure_nothing_more_is_done() -> None:
    carried = carry_out([Command(("sh", "-c", "echo no room >&2; exit 3"), "push"), Command(("echo", "x"), "after")])

    assert len(carried) == 1
    assert problem_of(carried) == "push: sh ended with 3: no room"


def test_a_call_carries_its_headers_and_body(platform: str) -> None:
    assert problem_of(carried := carry_out([call(platform)])) is None
    assert carried[-1].output == "deployed"


def test_a_refused_call_says_so_without_its_secret(platform: str) -> None:
    problem = problem_of(carry_out([call(platform, "Bearer letmein-letmein")]))

    assert problem is not None
    assert "answered 403" in problem
    assert "letmein" not in problem


def test_a_platform_that_is_not_there_is_a_problem_and_no_crash() -> None:
    assert "got no answer" in (problem_of(carry_out([call("http://127.0.0.1:9/deploy")])) or "")
