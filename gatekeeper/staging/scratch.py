"""Scratch databases: made, cloned and dropped. The staging database itself is never written to."""

import contextlib
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.staging.server import StagingServer

_PREFIX = "gatekeeper_scratch_"
_NAME = re.compile(rf"{_PREFIX}[0-9a-f]+_(?P<expires>[0-9]+)")
_LIFE_SECONDS = 6 * 3600
_FILE_COPY_SINCE = 15


class Scratch:
    """Makes databases with a recognisable name on one server, and drops every one of them at the end."""

    def __init__(self, server: StagingServer) -> None:
        self.server = server
        self._admin: Connection[Any] = server.connect()
        self._made: set[str] = set()

    def create(self, template: str = "template0") -> str:
        """A new database, empty or a copy of `template`, to which nobody may be connected."""
        name = f"{_PREFIX}{secrets.token_hex(6)}_{int(time.time()) + _LIFE_SECONDS}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        if self.server.version >= _FILE_COPY_SINCE and self.server.is_ours:
            statement += sql.SQL(" STRATEGY file_copy")  # a third of the time, where nothing is flushed to disk
        self._made.add(name)
        self._admin.execute(statement)
        return name

    def drop(self, name: str) -> None:
        """Drop one of ours, with whoever is still connected to it."""
        self._end_sessions(name)
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        self._made.discard(name)

    def sweep(self, now: float) -> None:
        """Drop what runs that were killed have left, once its time is over."""
        for (name,) in self._admin.execute("SELECT datname FROM pg_database").fetchall():
            match = _NAME.fullmatch(name)
            if match and int(match["expires"]) < now:
                self.drop(name)

    def close(self) -> None:
        """Drop everything that is left, and hang up."""
        with contextlib.suppress(psycopg.Error):
            for name in sorted(self._made):
                self.drop(name)
        self._admin.close()

    def _end_sessions(self, name: str) -> None:
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )


@contextlib.contextmanager
def scratch(server: StagingServer) -> Iterator[Scratch]:
    """Scratch databases for one run; what crashed runs have left goes first."""
    databases = Scratch(server)
    try:
        databases.sweep(time.time())
        yield databases
    finally:
        databases.close()
