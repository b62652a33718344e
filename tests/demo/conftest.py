"""A PostgreSQL server for the session, databases from a template, and releases as real processes."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql

from gatekeeper.demo.clinic.schema import upgrade
from gatekeeper.demo.clinic.seed import DemoLogin, seed
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of


@dataclass(frozen=True)
class Databases:
    """Makes databases on the server of the session."""

    url_of: Callable[[str], str]

    @contextmanager
    def made(self, template: str = "template1") -> Iterator[str]:
        """A database of its own for one test; its URL."""
        name = f"clinic_{uuid4().hex[:12]}"
        with self.as_superuser() as connection:
            make = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(make.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield self.url_of(name)
        finally:
            with self.as_superuser() as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def as_superuser(self) -> psycopg.Connection:
        """A connection beside all the databases of tests."""
        return psycopg.connect(self.url_of("postgres"), autocommit=True)


@dataclass(frozen=True)
class Running:
    """A release that serves, and the file with all that it has logged."""

    url: str
    log: Path
    database_url: str
    clients: ExitStack

    def client(self, cookies: dict[str, str] | None = None) -> httpx.Client:
        """A browser of its own; closed when the release stops."""
        return self.clients.enter_context(httpx.Client(base_url=self.url, timeout=15, cookies=cookies))

    def logged_in(self, login: DemoLogin) -> httpx.Client:
        client = self.client()
        answer = client.post("/api/auth/login", json=credentials(login))
        assert answer.status_code == 200, answer.text
        return client

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode()).fetchall()


def credentials(login: DemoLogin) -> dict[str, str]:
    return {"clinic": login.clinic, "email": login.email, "password": login.password}


Serve = Callable[..., Running]


@pytest.fixture(scope="session")
def databases(server: StagingServer) -> Databases:
    return Databases(partial(url_of, server))


@pytest.fixture(scope="session")
def seeded(databases: Databases) -> Iterator[str]:
    """The name of a template database with the whole history and the demo's rows."""
    with databases.made() as url:
        upgrade(url)
        with psycopg.connect(url) as connection:
            seed(connection)
            name = connection.info.dbname
        yield name


@pytest.fixture
def database(databases: Databases, seeded: str) -> Iterator[str]:
    with databases.made(seeded) as url:
        yield url


@pytest.fixture
def serve(database: str, tmp_path: Path) -> Iterator[Serve]:
    """Serve a release on the test's database; it is gone when the test is over."""
    with ExitStack() as stack:
        yield lambda release, *options: stack.enter_context(_served(release, database, tmp_path, options))


@pytest.fixture(scope="module")
def v1(databases: Databases, seeded: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The good release, shared by the tests of a file that leave it as it was."""
    with databases.made(seeded) as url, _served("v1", url, tmp_path_factory.mktemp("v1"), ()) as running:
        yield running


@contextmanager
def _served(release: str, database: str, folder: Path, options: tuple[str, ...]) -> Iterator[Running]:
    port = _free_port()
    log = folder / f"{release}-{port}.log"
    command = [sys.executable, "-m", "gatekeeper.demo.clinic", "serve", "--release", release, "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--database-url", database, *options], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_it_listens(port, process, log)
        with ExitStack() as clients:
            yield Running(f"http://127.0.0.1:{port}", log, database, clients)
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"it does not listen: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
