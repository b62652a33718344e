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
_NAME = re.compile(rf"{_PREFIX}(?P<run>[0-9a-f]{{12}})_(?P<number>[0-9]+)_(?P<expires>[0-9]+)")
_LIFE_SECONDS = 6 * 3600
_FILE_COPY_SINCE = 15


class Scratch:
    """Makes databases with a recognisable name on one server, and drops every one of them at the end.

    As long as a run lives its session bears the run's name, so that others can tell.
    """

    def __init__(self, server: StagingServer) -> None:
        self.server = server
        self._admin: Connection[Any] = server.connect()
        self._run = secrets.token_hex(6)
        self._number = 0
        self._made: set[str] = set()
        self._admin.execute("SELECT set_config('application_name', %s, false)", [_session_of(self._run)])

    def create(self, template: str = "template0") -> str:
        """A new database, empty or a copy of `template`, to which nobody may be connected."""
        self._number += 1
        name = f"{_PREFIX}{self._run}_{self._number}_{int(time.time()) + _LIFE_SECONDS}"
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
        """Drop what runs that were killed have left: their session is gone with them, or their time is over."""
        for (name,) in self._admin.execute("SELECT datname FROM pg_database").fetchall():
            match = _NAME.fullmatch(name)
            if match and (int(match["expires"]) < now or self._is_over(match["run"])):
                with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # somebody else's to clean up
                    self.drop(name)

    def _is_over(self, run: str) -> bool:
        """The run's session is not there. A pooler renames and lends sessions; behind one, only time tells."""
        if run == self._run or self._is_pooled():
            return False
        row = self._admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [_session_of(run)]
        ).fetchone()
        return row == (0,)

    def _is_pooled(self) -> bool:
        row = self._admin.execute("SELECT pg_backend_pid()").fetchone()
        return row is None or row[0] != self._admin.info.backend_pid

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


def _session_of(run: str) -> str:
    return f"gatekeeper verify {run}"


@contextlib.contextmanager
def scratch(server: StagingServer) -> Iterator[Scratch]:
    """Scratch databases for one run; what crashed runs have left goes first."""
    databases = Scratch(server)
    try:
        databases.sweep(time.time())
        yield databases
    finally:
        databases.close()
