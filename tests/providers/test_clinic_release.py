"""Whole releases of the clinic on this machine: with its database, its migration, and the program in processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from gatekeeper.process import is_running
from gatekeeper.providers import Deployment, providers
from gatekeeper.release.carry_out import carry_out, problem_of
from gatekeeper.reverse_proxy.state import read
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.providers.conftest import Stand

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Clinic:
    stand: Stand
    options: dict[str, object]

    def gatekeeper(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "gatekeeper", *words],
            cwd=self.stand.folder, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    def release(self, version: str) -> "subprocess.CompletedProcess[str]":
        """Start, approve, and follow it to its end."""
        started = self.gatekeeper("release", "start", "--version", version)
        assert started.returncode == 5, started.stdout + started.stderr
        listed = json.loads(self.gatekeeper("release", "status", "--format", "json", "--quiet").stdout)
        name = str(listed[0]["id"])
        approved = self.gatekeeper("gate", "approve", name, "--as", "manager@example.com", "--role", "release-manager")
        assert approved.returncode == 0, approved.stderr
        return self.gatekeeper("release", "resume", name)

    def serves(self) -> str:
        return str(httpx.get(f"{self.stand.url}/api/health", trust_env=False).json()["version"])

    def status(self) -> str:
        about = Deployment("clinic", "production", "v2", "v1", self.options)
        return carry_out(providers()["local_process"].plan_status(about))[-1].output.strip()


@pytest.fixture
def clinic(stand: Stand, server: StagingServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    with scratch(server) as databases:
        url = url_of(server, databases.create())
        monkeypatch.setenv("STAND_CLINIC_URL", url)
        monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", url)
        subprocess.run(
            [sys.executable, "-m", "gatekeeper.demo.clinic", "migrate", "--revision", "0005"],
            env={**os.environ, "CLINIC_DATABASE_URL": url}, check=True, timeout=60, capture_output=True,
        )  # fmt: skip
        options: dict[str, object] = {
            "start": [
                *(sys.executable, "-m", "gatekeeper.demo.clinic", "serve"),
                *("--release", "{version}", "--port", "{port}"),
            ],
            "ports": list(stand.ports),
            "proxy_port": stand.port,
            "state": str(stand.state),
            "health_path": "/api/health",
            "ready_timeout_seconds": 10,
            "environment": {"CLINIC_DATABASE_URL": "env:STAND_CLINIC_URL"},
        }
        (stand.folder / "gatekeeper.toml").write_text(_settings(stand, options))
        (stand.folder / "migrations").mkdir()
        (stand.folder / "migrations" / "0001_rooms.up.sql").write_text("CREATE TABLE rooms (id bigint PRIMARY KEY);\n")
        (stand.folder / "migrations" / "0001_rooms.down.sql").write_text("DROP TABLE rooms;\n")
        first = providers()["local_process"].plan_deploy(Deployment("clinic", "production", "v1", None, options))
        assert problem_of(carry_out(first)) is None
        yield Clinic(stand, options)
        for one in read(stand.state).instances:
            assert is_running(one.pid)


def _settings(stand: Stand, options: dict[str, object]) -> str:
    words = {name: json.dumps(value) for name, value in options.items() if name != "environment"}
    lines = "".join(f"{name} = {value}\n" for name, value in words.items())
    return (
        f'[service]\nname = "clinic"\n[smoke]\nurl = "{stand.url}"\n'
        '[[smoke.check]]\nuse = "health"\noptions = { path = "/api/health" }\n'
        f'[deploy]\nprovider = "local_process"\n[deploy.options]\n{lines}'
        'environment = { CLINIC_DATABASE_URL = "env:STAND_CLINIC_URL" }\n'
    )


def test_a_good_version_is_released_on_this_machine(clinic: Clinic) -> None:
    assert (clinic.serves(), clinic.status()) == ("v1", "v1")

    released = clinic.release("v2")

    assert released.returncode == 0, released.stdout + released.stderr
    assert (clinic.serves(), clinic.status()) == ("v2", "v2")
    with psycopg.connect(os.environ["STAND_CLINIC_URL"]) as connection:
        assert connection.execute("SELECT to_regclass('public.rooms') IS NOT NULL").fetchone() == (True,)
    for instance in read(clinic.stand.state).instances:
        line = Path(f"/proc/{instance.pid}/cmdline").read_text()
        assert os.environ["STAND_CLINIC_URL"] not in line


def test_a_version_that_cannot_say_that_it_is_healthy_never_serves(clinic: Clinic) -> None:
    ended = clinic.release("v2-health-broken")

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "after 10 s it answers 500" in ended.stdout + ended.stderr
    assert (clinic.serves(), clinic.status()) == ("v1", "v1")
    assert [one.name for one in read(clinic.stand.state).instances] == ["v1"]
