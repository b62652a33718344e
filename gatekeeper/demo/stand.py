"""The clinic as it runs: a database with two clinics in it, v1 behind the proxy, and settings to release it with."""

import contextlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from string import Template
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.config.load import load
from gatekeeper.demo.chapter import StoryBroken
from gatekeeper.demo.clinic.schema import upgrade
from gatekeeper.demo.clinic.seed import LOGINS, seed
from gatekeeper.release.carry_out import carry_out, problem_of
from gatekeeper.release.desk import provider_named
from gatekeeper.release.serving import deployment
from gatekeeper.reverse_proxy.versions import stop_all
from gatekeeper.staging.server import StagingServer, embedded_server

_BEFORE = "0003"
_FIRST = "v1"
_SETTINGS_OF_THE_READER = "GATEKEEPER_"


@dataclass(frozen=True, slots=True)
class Stand:
    """A running clinic: its project folder, where it is reached, and its database."""

    folder: Path
    url: str
    database_url: str

    @property
    def logs(self) -> Path:
        """What the versions and the proxy print."""
        return _state(self.folder)


@contextlib.contextmanager
def clinic_stand(folder: Path) -> Iterator[Stand]:
    """Run the clinic's v1 in `folder`, made anew; everything is stopped at the end, the files stay.

    While it runs, the reader's own GATEKEEPER_… variables are out of the way: the demo must not touch their database.
    """
    _clear(folder)
    with _environment(), embedded_server() as server:
        database_url = _database(server)
        public = _project(folder, database_url)
        try:
            _serve_first(folder)
            yield Stand(folder, f"http://127.0.0.1:{public}", database_url)
        finally:
            stop_all(_state(folder))


def _clear(folder: Path) -> None:
    """End what a killed demo may have left running, then forget it."""
    if _state(folder).is_dir():
        stop_all(_state(folder))
    shutil.rmtree(folder, ignore_errors=True)


def _state(folder: Path) -> Path:
    return folder / ".gatekeeper" / "local_process"


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    for name in before:
        if name.startswith(_SETTINGS_OF_THE_READER) and "__" in name:
            del os.environ[name]
    for login in LOGINS:
        os.environ[f"CLINIC_{login.clinic.upper()}_EMAIL"] = login.email
        os.environ[f"CLINIC_{login.clinic.upper()}_PASSWORD"] = login.password
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _database(server: StagingServer) -> str:
    with server.connect() as connection:
        connection.execute("CREATE DATABASE clinic")
    parts = conninfo_to_dict(server.url)
    url = f"postgresql://{parts['user']}@/clinic?host={quote(str(parts['host']), safe='')}"
    upgrade(url, _BEFORE)
    with psycopg.connect(url) as connection:
        seed(connection)
    return url


def _project(folder: Path, database_url: str) -> int:
    """The project folder as a team would have it; the port that the clinic's users call."""
    folder.mkdir(parents=True)
    first, second, public = _free_ports(3)
    with as_file(files("gatekeeper.demo")) as demo:
        shutil.copytree(
            demo / "clinic" / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__")
        )
        template = Template((demo / "story" / "gatekeeper.toml").read_text(encoding="utf-8"))
    settings = template.substitute(
        database_url=database_url,
        python=json.dumps(sys.executable),
        first_port=first,
        second_port=second,
        proxy_port=public,
    )
    (folder / "gatekeeper.toml").write_text(settings, encoding="utf-8")
    return public


def _serve_first(folder: Path) -> None:
    with contextlib.chdir(folder):
        settings = load(None)
        about = deployment(settings, _FIRST, None)
        problem = problem_of(carry_out(provider_named(settings.deploy.provider).plan_deploy(about)))
    if problem is not None:
        raise StoryBroken(f"the clinic's {_FIRST} should run: {problem}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
