"""The clinic on real servers: a primary that counts statements, a standby, PgBouncer, and switches for faults."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg

from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.schema import upgrade
from gatekeeper.demo.clinic.seed import seed
from gatekeeper.model.action import Command
from gatekeeper.process import run, terminate
from gatekeeper.staging.cluster import Cluster, embedded_binaries, private_cluster

SERVER_USER = "postgres" if os.geteuid() == 0 else None
CLINIC = "clinic"


@dataclass(frozen=True)
class Stand:
    """What runs; `pooled` is the primary through PgBouncer in transaction mode, or the primary where there is none."""

    url: str
    log: Path
    direct: str
    pooled: str
    standby: str

    @contextmanager
    def broken(self, *faults: Fault) -> Iterator[None]:
        for fault in faults:
            httpx.put(f"{self.url}/api/faults/{fault.value}").raise_for_status()
        try:
            yield
        finally:
            for fault in faults:
                httpx.delete(f"{self.url}/api/faults/{fault.value}").raise_for_status()

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.direct, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    with ExitStack() as stack:
        primary = stack.enter_context(private_cluster(embedded_binaries()))
        _count_statements(primary)
        direct = _url(primary.folder, CLINIC)
        with psycopg.connect(primary.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {CLINIC}".encode())
        upgrade(direct)
        with psycopg.connect(direct) as connection:
            seed(connection)
            connection.execute("CREATE EXTENSION pg_stat_statements")
        standby = stack.enter_context(_standby(primary))
        pooled = stack.enter_context(_pooler(primary, folder)) if shutil.which("pgbouncer") else direct
        url, log = stack.enter_context(_clinic(pooled, folder))
        yield Stand(url, log, direct, pooled, standby)


def _count_statements(cluster: Cluster) -> None:
    with (cluster.folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write("shared_preload_libraries = 'pg_stat_statements'\n")
    _pg(cluster, "pg_ctl", "-D", str(cluster.folder / "data"), "-w", "-m", "fast", "restart")


@contextmanager
def _standby(primary: Cluster) -> Iterator[str]:
    """A copy beside the primary, in its folder, which is removed with it."""
    data, sockets = primary.folder / "standby", primary.folder / "standby-socket"
    sockets.mkdir()
    if SERVER_USER:
        shutil.chown(sockets, SERVER_USER)
    source = ("-h", str(primary.folder), "-U", "postgres")
    _pg(primary, "pg_basebackup", "-D", str(data), *source, "-R", "-X", "stream", "-c", "fast")
    log = ("-l", str(data / "log"))
    _pg(primary, "pg_ctl", "-D", str(data), "-w", *log, "-o", f"-k {sockets}", "start")
    try:
        yield _url(sockets, CLINIC)
    finally:
        _pg(primary, "pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


def _pg(cluster: Cluster, program: str, *arguments: str) -> None:
    command = (str(cluster.binaries / program), *arguments)
    done = run(Command(command, f"run {program}", user=SERVER_USER, directory=Path("/"), timeout=timedelta(minutes=1)))
    assert done.is_good, done.told


@contextmanager
def _pooler(primary: Cluster, folder: Path) -> Iterator[str]:
    port, settings = free_port(), folder / "pgbouncer.ini"
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)
    settings.write_text(
        f"[databases]\n{CLINIC} = host={primary.folder} dbname={CLINIC} user=postgres\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = transaction\nunix_socket_dir =\n"
    )
    user = ("--user", SERVER_USER) if SERVER_USER else ()
    bouncer = run(
        Command(
            (str(shutil.which("pgbouncer")), "--quiet", *user, str(settings)),
            "a pooler in transaction mode",
            background=True,
            log=folder / "pgbouncer.log",
        )
    )
    try:
        _wait_for(port)
        yield f"postgresql://postgres@127.0.0.1:{port}/{CLINIC}"
    finally:
        terminate(bouncer.pid)


@contextmanager
def _clinic(database_url: str, folder: Path) -> Iterator[tuple[str, Path]]:
    port, log = free_port(), folder / "clinic.log"
    command = [sys.executable, "-m", "gatekeeper.demo.clinic", "serve", "--release", "v2", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--database-url", database_url, "--build", "4f2a91c", "--faults"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


def _url(folder: Path, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={quote(str(folder), safe='')}"
