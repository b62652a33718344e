"""A small bounded pool of PostgreSQL connections. It gives up soon: a person is told, not kept waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, LifoQueue
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from gatekeeper.demo.clinic.errors import DatabaseBusy, DatabaseUnavailable

Connection = psycopg.Connection[TupleRow]

# Per transaction, since a pooler may hand the next transaction to another server connection.
_LIMITS = "SELECT set_config('statement_timeout', '5s', true), set_config('lock_timeout', '3s', true)"


@dataclass(frozen=True, slots=True)
class PoolState:
    """How full the pool is."""

    size: int
    in_use: int


class Database:
    """Connections to one database, at most `size` at a time."""

    def __init__(self, url: str, *, application: str, size: int, wait_seconds: float = 2.0) -> None:
        self._url, self._application, self._size, self._wait_seconds = url, application, size, wait_seconds
        self._slots = threading.BoundedSemaphore(size)
        self._idle: LifoQueue[Connection] = LifoQueue()
        self._in_use = 0
        self._counting = threading.Lock()

    @property
    def pool(self) -> PoolState:
        """How full the pool is now."""
        return PoolState(self._size, self._in_use)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a connection inside a transaction: committed at the end, rolled back on an exception."""
        with self._slot():
            connection = self._begin()
            try:
                yield connection
                connection.commit()
            except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
                raise DatabaseBusy from error
            except psycopg.OperationalError as error:
                raise DatabaseUnavailable from error
            finally:
                self._give_back(connection)

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._take_idle():
            connection.close()

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise DatabaseBusy
        with self._counting:
            self._in_use += 1
        try:
            yield
        finally:
            with self._counting:
                self._in_use -= 1
            self._slots.release()

    def _begin(self) -> Connection:
        for connection in self._take_idle():
            try:
                connection.execute(_LIMITS)
            except psycopg.OperationalError:  # the server ended it while it was idle
                connection.close()
            else:
                return connection
        try:
            connection = self._connect()
            connection.execute(_LIMITS)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable from error
        return connection

    def _take_idle(self) -> Iterator[Connection]:
        while True:
            try:
                yield self._idle.get_nowait()
            except Empty:
                return

    def _connect(self) -> Connection:
        settings: dict[str, Any] = {"application_name": self._application, "connect_timeout": 2}
        return psycopg.connect(self._url, prepare_threshold=None, **settings)

    def _give_back(self, connection: Connection) -> None:
        try:
            connection.rollback()
        except psycopg.OperationalError:
            connection.close()
        else:
            self._idle.put(connection)
