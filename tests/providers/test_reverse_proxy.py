"""The proxy passes requests and answers on as they are, and says in JSON when it cannot."""

import hashlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.reverse_proxy.forward import to_client, to_upstream
from gatekeeper.reverse_proxy.readiness import problem_of
from gatekeeper.reverse_proxy.state import Instance, State, StateUnreadable, port_for, read, write
from tests.providers.conftest import Stand


@pytest.fixture
def site(stand: Stand) -> Iterator[httpx.Client]:
    assert stand.deployed("v1") is None
    with httpx.Client(base_url=stand.url, trust_env=False, timeout=10) as client:
        yield client


def test_method_path_and_query_arrive_as_they_were_written(stand: Stand, site: httpx.Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=10)
    connection.request("DELETE", "/a/../b%2Fc//d?q=%C3%BC&q=2+3")
    told = json.loads(connection.getresponse().read())
    connection.close()

    assert (told["method"], told["target"]) == ("DELETE", "/a/../b%2Fc//d?q=%C3%BC&q=2+3")


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_body_arrives_whole(site: httpx.Client, is_chunked: bool) -> None:
    body = bytes(range(256)) * 20_000
    parts = (body[start : start + 70_000] for start in range(0, len(body), 70_000))

    told = site.post("/upload", content=parts if is_chunked else body).json()

    assert (told["length"], told["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_the_version_learns_who_asked_and_not_what_the_client_claims(site: httpx.Client) -> None:
    claims = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=6.6.6.6",
        "Host": "shop.test",
    }

    told = [tuple(pair) for pair in site.get("/who", headers=claims).json()["headers"]]

    assert [pair for pair in told if "forwarded" in pair[0] or pair[0] == "host"] == [
        ("host", "shop.test"), ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "shop.test"), ("x-forwarded-proto", "http"),
    ]  # fmt: skip


def test_cookies_stay_apart_and_go_to_nobody_else(stand: Stand, site: httpx.Client) -> None:
    answer = site.get("/cookies")

    assert answer.headers.get_list("set-cookie") == [
        "a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Path=/",
        "b=2; HttpOnly",
    ]
    assert "x-inner" not in answer.headers
    stranger = httpx.get(f"{stand.url}/who", trust_env=False).json()
    assert [name for name, _ in stranger["headers"] if name == "cookie"] == []


def test_an_answer_is_passed_on_while_it_is_still_being_made(stand: Stand, site: httpx.Client) -> None:
    with site.stream("GET", "/stream") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"first"
        stand.deployed("v2")
        (stand.folder / "go-on").touch()
        assert b"".join(parts) == b"last"

    assert stand.answers() == "v2"


def test_answers_without_a_body_leave_the_connection_usable(site: httpx.Client) -> None:
    assert site.get("/unchanged").status_code == 304
    head = site.head("/who")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0
    assert site.get("/who").status_code == 200


def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(site: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        site.get("/break")

    assert site.get("/who").status_code == 200


def test_a_version_that_hangs_up_is_told_as_502(site: httpx.Client) -> None:
    answer = site.get("/silence")

    assert (answer.status_code, answer.headers["Retry-After"]) == (502, "1")
    assert answer.json() == {"error": "v1 broke off before it answered"}


def test_a_state_that_cannot_be_read_stops_the_commands_and_makes_503(stand: Stand, site: httpx.Client) -> None:
    kept = (stand.state / "state.json").read_text()
    (stand.state / "state.json").write_text("{")

    assert (site.get("/").status_code, site.get("/").json()) == (503, {"error": "no version serves"})
    with pytest.raises(StateUnreadable, match=r"state\.json cannot be read"):
        read(stand.state)
    (stand.state / "state.json").write_text(kept)
    assert site.get("/").status_code == 200


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, '{"version": "v2"}', None),
        (200, "fine", None),
        (204, "", None),
        (200, "[1]", None),
        (200, '{"version": "v1"}', "it says that it is version v1"),
        (302, "", "it answers 302"),
        (503, '{"version": "v2"}', "it answers 503"),
    ],
)
def test_ready_is_a_good_answer_that_names_no_other_version(status: int, body: str, problem: str | None) -> None:
    assert problem_of(status, body, "v2") == problem


VERSIONS = st.sampled_from(["v1", "v2", "v3"])
PORTS = (8101, 8102)
STATES = st.builds(
    lambda places, serving: State(serving, tuple(Instance(name, port, 1, None) for port, name in places.items())),
    st.dictionaries(st.sampled_from([*PORTS, 9000]), VERSIONS).filter(lambda d: len(set(d.values())) == len(d)),
    st.none() | VERSIONS,
)


@given(STATES, VERSIONS)
def test_a_version_never_gets_the_port_of_another_that_serves(state: State, version: str) -> None:
    port = port_for(version, state, PORTS)

    assert port in PORTS
    assert state.upstream is None or state.serving == version or port != state.upstream.port


@given(STATES, VERSIONS)
def test_a_free_port_is_preferred_so_that_the_way_back_stays_open(state: State, version: str) -> None:
    others = {one.port for one in state.instances if one.name != version}

    assert port_for(version, state, PORTS) not in others or others >= set(PORTS)


@given(STATES, VERSIONS, st.sampled_from(PORTS))
def test_each_version_and_each_port_is_remembered_once(state: State, version: str, port: int) -> None:
    after = state.with_instance(Instance(version, port, 2, None))

    assert after.find(version) == Instance(version, port, 2, None)
    assert len({one.name for one in after.instances}) == len({one.port for one in after.instances})
    assert len({one.port for one in after.instances}) == len(after.instances)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    state = State("v1", (Instance("v1", 8101, 7, 99),), Instance("proxy", 8100, 8, None))

    write(tmp_path, state)

    assert read(tmp_path) == state
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


NAMES = st.sampled_from(
    [b"Connection", b"Transfer-Encoding", b"Upgrade", b"X-One", b"x-two", b"Set-Cookie", b"X-Forwarded-For", b"Host"]
)
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from([b"x-one", b"close", b"a, X-Two", b"1"])))


@given(HEADERS)
def test_answers_keep_their_headers_in_order_but_those_of_the_connection(
    headers: list[tuple[bytes, bytes]],
) -> None:
    passed = to_client(headers)

    assert not {name for name, _ in passed} & {b"connection", b"transfer-encoding", b"upgrade"}
    assert [pair for pair in passed if pair[0] == b"set-cookie"] == [
        (b"set-cookie", value) for name, value in headers if name == b"Set-Cookie"
    ]
    assert all(pair in [(name.lower(), value) for name, value in headers] for pair in passed)


@given(HEADERS)
def test_the_version_hears_one_word_only_about_who_asks(headers: list[tuple[bytes, bytes]]) -> None:
    passed = to_upstream(headers, "127.0.0.1")

    assert [value for name, value in passed if name == b"x-forwarded-for"] == [b"127.0.0.1"]
