"""A stand: a folder, three free ports, and the provider's plans carried out for real."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gatekeeper.model.action import Action
from gatekeeper.process import is_running
from gatekeeper.providers import Deployment, providers
from gatekeeper.release.carry_out import Carried, carry_out, problem_of
from gatekeeper.reverse_proxy.state import read
from gatekeeper.reverse_proxy.versions import stop_all

SITE = Path(__file__).parent / "site.py"
SECRET = "postgresql://clinic:pa55-w0rd@db.invalid/clinic"


@dataclass(frozen=True)
class Stand:
    folder: Path
    ports: tuple[int, int]
    port: int

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def about(self, version: str, previous: str | None = None, ready_timeout: float = 20) -> Deployment:
        options = {
            "start": [sys.executable, str(SITE), str(self.folder), "{version}", "{port}"],
            "ports": list(self.ports),
            "proxy_port": self.port,
            "state": str(self.state),
            "ready_timeout_seconds": ready_timeout,
            "environment": {"DATABASE_URL": "env:STAND_DATABASE_URL"},
        }
        return Deployment("clinic", "production", version, previous, options)

    def deployed(self, version: str, ready_timeout: float = 20) -> str | None:
        return problem_of(self.carried(self.plan(version, ready_timeout)))

    def plan(self, version: str, ready_timeout: float = 20) -> tuple[Action, ...]:
        return providers()["local_process"].plan_deploy(self.about(version, ready_timeout=ready_timeout))

    def rolled_back(self, version: str, previous: str) -> str | None:
        return problem_of(self.carried(providers()["local_process"].plan_rollback(self.about(version, previous))))

    def carried(self, actions: tuple[Action, ...]) -> tuple[Carried, ...]:
        return carry_out(actions)

    def status(self) -> str | None:
        carried = self.carried(providers()["local_process"].plan_status(self.about("v9")))
        assert problem_of(carried) is None
        return carried[-1].output.strip() or None

    def answers(self) -> str:
        return httpx.get(f"{self.url}/health", trust_env=False).headers["X-Version"]

    def pid_of(self, version: str) -> int:
        instance = read(self.state).find(version)
        assert instance is not None
        return instance.pid

    def running(self) -> list[int]:
        """Which of all processes that were ever started here still live."""
        begun = [int(line) for line in (self.folder / "pids").read_text().split()]
        return [pid for pid in begun if is_running(pid)]


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("STAND_DATABASE_URL", SECRET)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    first, second, public = _free_ports(3)
    stand = Stand(tmp_path, (first, second), public)
    try:
        yield stand
    finally:
        stop_all(stand.state)
    if (tmp_path / "pids").exists():
        assert stand.running() == []


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
