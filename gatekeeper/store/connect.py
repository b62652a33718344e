"""Engines for the store: a SQLite file in WAL mode, or a schema of its own in PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from gatekeeper.errors import GatekeeperError

SCHEMA = "gatekeeper"
_BUSY_SECONDS = 20


class StoreUnreachable(GatekeeperError):
    """The place where releases are remembered does not answer."""

    def __init__(self, url: URL, reason: str) -> None:
        super().__init__(
            f"the store {url.render_as_string(hide_password=True)} cannot be used",
            seen=[reason],
            next_step="Check [store] url (GATEKEEPER_STORE__URL) and that its server is running.",
        )


class StoreMisconfigured(GatekeeperError):
    """`[store] url` is not one that the store can speak to."""

    exit_code = 2

    def __init__(self, reason: str) -> None:
        super().__init__(
            "[store] url cannot be used",
            seen=[reason],
            next_step="Write sqlite:///path/to/file.sqlite or postgresql://user@host/database.",
        )


def read_url(text: str) -> URL:
    """The URL, with the driver that we have; raises StoreMisconfigured."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StoreMisconfigured("it is not a database URL") from error
    if url.drivername in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in {"sqlite", "postgresql+psycopg"}:
        return url
    raise StoreMisconfigured(f"{url.drivername} is neither sqlite nor postgresql")


def connect(url: URL) -> Engine:
    """An engine whose transactions see and write the store's tables."""
    return _sqlite(url) if url.drivername == "sqlite" else _postgresql(url)


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnreachable(url, error.strerror or str(error)) from error
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for us, see below
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A reader that turns writer half-way fails with "database is locked" at once, without waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    """Names are qualified by us: a search_path set on a session does not survive a pooler."""
    engine = create_engine(
        url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "gatekeeper store"}
    )
    return engine.execution_options(schema_translate_map={None: SCHEMA})
