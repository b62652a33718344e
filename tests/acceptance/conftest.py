"""A whole small project: a site that runs, a database, a history, settings; and the program in processes of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of

SITE = Path(__file__).parent / "site.py"


@dataclass(frozen=True)
class Project:
    """The project's folder, its target database and its environment."""

    folder: Path
    target: str
    environment: dict[str, str]

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "gatekeeper", *words],
            cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """The program to its end; `more` is added to its environment."""
        return subprocess.run(
            [sys.executable, "-m", "gatekeeper", *words],
            cwd=self.folder, env={**self.environment, **more}, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        listed = json.loads(self.run("release", "status", "--format", "json", "--quiet").stdout)
        found = json.loads(self.run("release", "status", listed[0]["id"], "--format", "json", "--quiet").stdout)
        assert isinstance(found, dict)
        return found

    @property
    def serving(self) -> str:
        return (self.folder / "serving").read_text()

    @property
    def deploys(self) -> list[str]:
        """Every version that was put live, in order."""
        log = self.folder / "deploys"
        return log.read_text().split() if log.exists() else []

    def applied(self) -> list[str]:
        """The migrations that the target says it has; one applied twice would have failed on its table."""
        with psycopg.connect(self.target) as connection:
            return [str(row[0]) for row in connection.execute("SELECT id FROM gatekeeper_migrations").fetchall()]

    def tables(self) -> set[str]:
        with psycopg.connect(self.target) as connection:
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            return {row[0] for row in rows}


@pytest.fixture
def project(server: StagingServer, tmp_path: Path) -> Iterator[Project]:
    with scratch(server) as databases, socket.socket() as probe:
        target = url_of(server, databases.create())
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        (tmp_path / "serving").write_text("v1")
        python, folder = json.dumps(sys.executable), json.dumps(str(tmp_path))
        words = f"[{python}, {json.dumps(str(SITE))}"
        (tmp_path / "gatekeeper.toml").write_text(
            f'[service]\nname = "shop"\n[smoke]\nurl = "http://127.0.0.1:{port}"\n'
            '[[smoke.check]]\nuse = "health"\ntimeout_seconds = 20.0\n'
            '[deploy]\nprovider = "command"\n[deploy.options]\n'
            f'deploy = {words}, "deploy", {folder}, "{{version}}"]\n'
            f'rollback = {words}, "deploy", {folder}, "{{previous}}"]\n'
            f'status = {words}, "status", {folder}]\n'
        )
        (tmp_path / "migrations").mkdir()
        (tmp_path / "migrations" / "0001_orders.up.sql").write_text("CREATE TABLE orders (id bigint PRIMARY KEY);\n")
        (tmp_path / "migrations" / "0001_orders.down.sql").write_text("DROP TABLE orders;\n")
        site = subprocess.Popen([sys.executable, str(SITE), "serve", str(tmp_path), str(port)])
        _until_open(port)
        yield Project(tmp_path, target, {**os.environ, "GATEKEEPER_MIGRATE__URL": target})
        site.kill()
        site.wait()


def _until_open(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the site did not start")
