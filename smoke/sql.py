"""Read from the site's database: the only file of smoke that knows psycopg. Nothing is ever written.

Each question has a read-only transaction of its own with its own time limit, so that it works through a pooler too.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg import Connection, Cursor

from smoke.database_url import parse
from smoke.errors import DatabaseUnreachable, QueryRefused

_APPLICATION = "gatekeeper-smoke"
_CONNECT_SECONDS = 5
_OWN_WORDS = "42"  # SQLSTATE class of syntax and names: what PostgreSQL says of those quotes no row


class Reading:
    """An open connection to one database."""

    def __init__(self, connection: Connection[Any], place: str, deadline: float) -> None:
        self._connection, self._place, self._deadline = connection, place, deadline

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows; raises QueryRefused where PostgreSQL does not answer it."""
        left = self._deadline - time.monotonic()
        try:
            with self._connection.transaction(), _cut(self._connection, left):
                cursor: Cursor[Any] = self._connection.cursor()
                milliseconds = str(max(int(left * 1000), 1))
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", (milliseconds,))
                return cursor.execute(query.encode(), parameters).fetchall()
        except psycopg.Error as error:
            raise QueryRefused(self._place, _said(error)) from error

    def value(self, query: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The one value of the one row, or None where there is no row."""
        found = self.rows(query, parameters)
        return found[0][0] if found else None

    @property
    def made_up_pid(self) -> int:
        """The process number of the start-up message: a pooler makes it up."""
        return self._connection.info.backend_pid


@contextlib.contextmanager
def reading(url: str, deadline: float) -> Iterator[Reading]:
    """A connection that cannot write, until `deadline` (`time.monotonic`); raises DatabaseUnreachable."""
    try:
        parsed = parse(url)
    except ValueError as error:
        raise DatabaseUnreachable("the configured database", str(error)) from error
    patience = max(2, min(_CONNECT_SECONDS, int(deadline - time.monotonic())))
    try:
        connection = psycopg.connect(
            parsed.for_libpq, connect_timeout=patience, application_name=_APPLICATION, prepare_threshold=None
        )
    except psycopg.Error as error:
        raise DatabaseUnreachable(parsed.place, _said(error)) from error
    connection.read_only = True
    with contextlib.closing(connection):
        yield Reading(connection, parsed.place, deadline)


@contextlib.contextmanager
def _cut(connection: Connection[Any], seconds: float) -> Iterator[None]:
    """A server that has stopped does not keep its own time limit: the line is cut a little later."""

    def cut() -> None:
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(seconds, 0) + 0.5, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _said(error: psycopg.Error) -> str:
    if error.sqlstate is None:  # the line, not the server: its words name hosts and addresses only
        first = str(error).strip().splitlines()
        return "no answer in time" if isinstance(error, psycopg.errors.ConnectionTimeout) else first[0] if first else ""
    shown = error.sqlstate[:2] in {_OWN_WORDS, "28", "3D"} and error.diag.message_primary
    return f"{shown or type(error).__name__} (SQLSTATE {error.sqlstate})"
