"""One session that looks at one database again and again, and reads only what has changed since it last looked.

Its questions stay prepared: to plan them takes longer than to answer them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from psycopg import Connection

from gatekeeper.staging.catalog import Catalog
from gatekeeper.staging.catalog_reader import CatalogReader
from gatekeeper.staging.data_probe import DataDigest, digest
from gatekeeper.staging.row_changes import Marks, marks
from gatekeeper.staging.storage import Storage, storage_again, storage_of


class Observer:
    """What is known of a database; it looks between the transactions of others, and connects when it first has to."""

    def __init__(self, connect: Callable[[], Connection[Any]]) -> None:
        self._connect = connect
        self._connection: Connection[Any] | None = None
        self._reader = CatalogReader()
        self._marks: Marks = {}
        self._digested = DataDigest({}, {})
        self._stored: Storage | None = None
        self._stored_at: Mapping[int, tuple[int, ...]] = {}
        self._wholes = 0

    @property
    def connection(self) -> Connection[Any]:
        """The session, in autocommit mode; it never writes."""
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute("SET plan_cache_mode TO force_generic_plan")
        return self._connection

    def catalog(self) -> Catalog:
        """The whole catalog."""
        return self._reader.read(self.connection)

    def data(self) -> DataDigest:
        """Digests of what all tables hold; those in which nothing was written are not read again."""
        now = marks(self.connection)
        tables = self._digested.tables
        known = {name: tables[name] for name, mark in now.items() if self._marks.get(name) == mark and name in tables}
        self._digested = digest(self.connection, known)
        self._marks = now
        return self._digested

    def forget_rows(self) -> None:
        """Somebody may have written and not been counted."""
        self._marks = {}

    def storage(self) -> Storage:
        """Where values are kept, as of the last look at the catalog."""
        now, before = self._reader.stamps, self._stored_at
        if self._stored is None or self._wholes != self._reader.wholes:
            self._stored = storage_of(self.connection)
        elif touched := {oid for oid in now.keys() | before.keys() if now.get(oid) != before.get(oid)}:
            self._stored = storage_again(self.connection, self._stored, touched)
        self._stored_at, self._wholes = now, self._reader.wholes
        return self._stored

    def close(self) -> None:
        """Hang up; what is known stays known."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
