"""A real PgBouncer in transaction mode before a target database."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.model.action import Command
from gatekeeper.process import run, terminate


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


@contextmanager
def pooled(target: str, folder: Path, **settings: str) -> Iterator[str]:
    """The URL that leads to the target through a pooler; `settings` are added to PgBouncer's own."""
    if shutil.which("pgbouncer") is None:
        pytest.skip("PgBouncer is not installed here")
    parts, port = conninfo_to_dict(target), free_port()
    name, folder = parts["dbname"], folder / "pooler"
    folder.mkdir()
    folder.parent.chmod(0o755)
    more = "".join(f"{key} = {value}\n" for key, value in settings.items())
    file = folder / "pgbouncer.ini"
    file.write_text(
        f"[databases]\n{name} = host={parts['host']} dbname={name} user=postgres\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\n"
        f"pool_mode = transaction\nunix_socket_dir =\n{more}"
    )
    user = ("--user", "postgres") if os.geteuid() == 0 else ()
    words = (str(shutil.which("pgbouncer")), "--quiet", *user, str(file))
    bouncer = run(Command(words, "a pooler in transaction mode", background=True, log=folder / "log"))
    try:
        _wait_for(port)
        yield f"postgresql://postgres@127.0.0.1:{port}/{name}"
    finally:
        assert bouncer.pid is not None
        terminate(bouncer.pid)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("PgBouncer does not answer")
