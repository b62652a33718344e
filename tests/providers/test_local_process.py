"""Versions side by side: deployed, killed, rolled back; with real processes, and none left behind."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from gatekeeper.config.load import ConfigError
from gatekeeper.model.action import Command
from gatekeeper.process import is_running
from gatekeeper.providers import Deployment, providers
from gatekeeper.reverse_proxy.state import read
from tests.providers.conftest import SECRET, Stand


def test_a_first_version_is_deployed_and_the_status_names_it(stand: Stand) -> None:
    assert stand.status() is None

    assert stand.deployed("v1") is None

    assert stand.status() == "v1"
    assert stand.answers() == "v1"


def test_a_second_version_takes_over_and_the_first_stays_for_the_way_back(stand: Stand) -> None:
    stand.deployed("v1")
    first = stand.pid_of("v1")

    stand.deployed("v2")
    assert (stand.status(), stand.answers(), is_running(first)) == ("v2", "v2", True)

    assert stand.rolled_back("v2", "v1") is None
    assert (stand.status(), stand.answers(), stand.pid_of("v1")) == ("v1", "v1", first)


def test_no_request_fails_while_versions_change(stand: Stand) -> None:
    stand.deployed("v1")
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def call() -> None:
        with httpx.Client(trust_env=False, timeout=10) as client:
            while not done.is_set():
                answer = client.get(f"{stand.url}/x")
                seen.append((answer.status_code, answer.headers.get("X-Version", "")))

    with ThreadPoolExecutor(2) as callers:
        calls = [callers.submit(call) for _ in range(2)]
        try:
            stand.deployed("v2")
            stand.rolled_back("v2", "v1")
        finally:
            done.set()
        for one in calls:
            one.result()

    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {"v1", "v2"}


def test_a_deploy_of_what_serves_already_starts_nothing(stand: Stand) -> None:
    stand.deployed("v1")
    before = read(stand.state)

    assert stand.deployed("v1") is None

    assert read(stand.state) == before
    assert len((stand.folder / "pids").read_text().split()) == 1


def test_two_deploys_of_one_version_at_once_start_it_once(stand: Stand) -> None:
    with ThreadPoolExecutor(2) as both:
        deploys = [both.submit(stand.deployed, "v1-slow") for _ in range(2)]
        time.sleep(2)
        (stand.folder / "ready").touch()
        assert [deploy.result() for deploy in deploys] == [None, None]

    assert len((stand.folder / "pids").read_text().split()) == 1


def test_a_third_version_takes_the_port_of_the_oldest(stand: Stand) -> None:
    for version in ("v1", "v2", "v3"):
        assert stand.deployed(version) is None

    assert stand.answers() == "v3"
    assert {one.name for one in read(stand.state).instances} == {"v2", "v3"}
    assert len(stand.running()) == 2


@pytest.mark.parametrize(
    ("version", "problem"),
    [("v2-broken", "answers 500"), ("v2-liar", "says that it is version v0"), ("v2-crash", "its process ended")],
)
def test_a_version_that_does_not_become_ready_is_ended_and_the_one_before_serves_on(
    stand: Stand, version: str, problem: str
) -> None:
    stand.deployed("v1")

    assert problem in (stand.deployed(version, ready_timeout=1) or "")

    assert (stand.status(), stand.answers(), len(stand.running())) == ("v1", "v1", 1)
    assert read(stand.state).find(version) is None


def test_when_the_serving_version_is_killed_nothing_serves_until_the_rollback(stand: Stand) -> None:
    stand.deployed("v1")
    stand.deployed("v2")

    os.kill(stand.pid_of("v2"), signal.SIGKILL)
    _until_gone(stand.pid_of("v2"))

    answer = httpx.get(f"{stand.url}/", trust_env=False)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json() == {"error": "v2 does not answer"}
    assert stand.status() is None
    assert stand.rolled_back("v2", "v1") is None
    assert stand.answers() == "v1"


def test_a_rollback_starts_the_previous_version_again_if_it_is_gone(stand: Stand) -> None:
    stand.deployed("v1")
    stand.deployed("v2")
    gone = stand.pid_of("v1")
    os.kill(gone, signal.SIGKILL)
    _until_gone(gone)

    assert stand.rolled_back("v2", "v1") is None

    assert stand.answers() == "v1"
    assert stand.pid_of("v1") != gone


def test_a_proxy_that_was_killed_is_started_again_by_the_next_deploy(stand: Stand) -> None:
    stand.deployed("v1")
    proxy = read(stand.state).proxy
    assert proxy is not None
    os.kill(proxy.pid, signal.SIGKILL)
    _until_gone(proxy.pid)
    assert stand.status() is None

    assert stand.deployed("v1") is None

    assert (stand.status(), stand.answers()) == ("v1", "v1")


def test_a_deploy_that_was_killed_while_it_waited_is_taken_up_by_the_next(stand: Stand) -> None:
    start = stand.plan("v1-slow")[0]
    assert isinstance(start, Command)
    process = subprocess.Popen(start.arguments, env={**os.environ, **start.environment})
    while not (stand.state / "state.json").exists():
        time.sleep(0.02)
    process.kill()
    process.wait()
    (stand.folder / "ready").touch()

    assert stand.deployed("v1-slow") is None

    assert stand.answers() == "v1-slow"
    assert len((stand.folder / "pids").read_text().split()) == 1


def test_a_port_that_somebody_else_has_is_named(stand: Stand) -> None:
    stranger = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(stand.ports[0])],
                                cwd=stand.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        _until_open(stand.ports[0])

        assert f"port {stand.ports[0]} is taken" in (stand.deployed("v1") or "")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_secret_reaches_the_program_and_shows_nowhere(stand: Stand) -> None:
    stand.deployed("v1")
    told = httpx.get(f"{stand.url}/environment", trust_env=False).json()
    assert told == {"sha256": hashlib.sha256(SECRET.encode()).hexdigest()}

    problem = stand.deployed("v2-crash") or ""

    assert "cannot connect to ***" in problem
    proxy = read(stand.state).proxy
    assert proxy is not None
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in (stand.pid_of("v1"), proxy.pid)]
    shown = [*lines, problem, repr(stand.plan("v3")), (stand.state / "state.json").read_text()]
    assert [text for text in shown if "pa55-w0rd" in text] == []
    assert (stand.state / f"{stand.ports[0]}.log").stat().st_mode & 0o077 == 0


def test_what_serves_is_not_stopped_by_accident_and_what_does_not_is(stand: Stand) -> None:
    stand.deployed("v1")
    stand.deployed("v2")

    refused = _by_hand(stand, "stop", "--version", "v2")
    stopped = _by_hand(stand, "stop", "--version", "v1")

    assert (refused.returncode, stopped.returncode) == (2, 0)
    assert "v2 serves; it was not stopped" in refused.stderr
    assert (stand.answers(), len(stand.running())) == ("v2", 1)


def test_a_switch_to_what_does_not_run_is_refused_and_changes_nothing(stand: Stand) -> None:
    stand.deployed("v1")

    refused = _by_hand(stand, "switch", "--version", "v7", "--port", str(stand.port))

    assert refused.returncode == 3
    assert "v7 does not run" in refused.stderr
    assert stand.answers() == "v1"


def test_stop_all_ends_the_proxy_and_every_version(stand: Stand) -> None:
    stand.deployed("v1")
    stand.deployed("v2")
    proxy = read(stand.state).proxy
    assert proxy is not None

    assert _by_hand(stand, "stop-all").returncode == 0

    assert stand.running() == []
    assert not is_running(proxy.pid)
    assert stand.status() is None


GOOD: dict[str, object] = {"start": ["./serve", "{port}"], "ports": [8101, 8102], "proxy_port": 8100}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"start": "./serve {port}"}, "start"),
        ({"start": ["./serve"]}, "start"),
        ({"ports": [8101]}, "ports"),
        ({"ports": [8101, True]}, "ports"),
        ({"ports": [8101, 8101]}, "proxy_port"),
        ({"proxy_port": 8102}, "proxy_port"),
        ({"proxy_prot": 8102}, "proxy_prot"),
        ({"health_path": "health"}, "health_path"),
        ({"ready_timeout_seconds": "soon"}, "ready_timeout_seconds"),
        ({"environment": {"URL": "env:NOT_SET_ANYWHERE"}}, "environment.URL"),
    ],
)
def test_a_wrong_option_is_named(changed: dict[str, object], key: str) -> None:
    about = Deployment("clinic", "production", "v2", "v1", {**GOOD, **changed})

    with pytest.raises(ConfigError, match=rf"deploy\.options\.{key}: "):
        providers()["local_process"].plan_deploy(about)


def test_without_a_previous_version_there_is_no_plan_to_roll_back() -> None:
    with pytest.raises(ConfigError, match="no previous version"):
        providers()["local_process"].plan_rollback(Deployment("clinic", "production", "v2", None, GOOD))


def _by_hand(stand: Stand, subcommand: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gatekeeper.reverse_proxy", subcommand, "--state", str(stand.state), *words],
        text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _until_open(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
