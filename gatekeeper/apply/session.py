"""A direct connection to the target database, with every setting that the guard relies on read back."""

import os
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.apply.errors import DatabaseUnreachable, UnfitConnection

NAME = "gatekeeper migrate"

# The server ends us soon after we are killed: an ALTER that waits would otherwise be applied by nobody, later.
_SETTINGS: Mapping[str, str] = {
    "idle_in_transaction_session_timeout": "5s",
    "client_connection_check_interval": "1s",
    "idle_session_timeout": "0",
}
_SINCE = {"client_connection_check_interval": 140000, "idle_session_timeout": 140000}


def connect(url: str, *, name: str = NAME) -> Connection[Any]:
    """Connect in autocommit mode; raises DatabaseUnreachable, or UnfitConnection for a pooler or a standby."""
    connection = _connect(url, name)
    try:
        _refuse_pooler(connection, url)
        _refuse_standby(connection, url)
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: Connection[Any], statement_timeout_ms: int = 0) -> None:
    """Put our settings in force, whatever a migration before has left behind, and read them back."""
    connection.execute("RESET ALL")
    wanted = {name: value for name, value in _SETTINGS.items() if _knows(connection, name)}
    for name, value in {**wanted, "statement_timeout": f"{statement_timeout_ms}ms"}.items():
        row = connection.execute(
            "SELECT set_config(%s, %s, false)::interval = %s::interval", (name, value, value)
        ).fetchone()
        if row is None or row[0] is not True:
            raise UnfitConnection(
                f"the server does not keep {name} = {value}",
                next_step="Connect directly to PostgreSQL; something in between changes our settings.",
            )


def place_of(url: str) -> str:
    """Host, port and database, for messages; never the password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "the target database"
    host = parts.get("host") or os.environ.get("PGHOST") or "localhost"
    return f"{host}:{parts.get('port') or 5432}, database {parts.get('dbname') or parts.get('user') or 'default'}"


def _connect(url: str, name: str) -> Connection[Any]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, application_name=f"{name} {os.getpid()}")
    except psycopg.ProgrammingError as error:
        raise UnfitConnection(
            "the URL of the target database is not a connection string",
            next_step="Write it as postgresql://user@host:5432/database.",
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            f"cannot connect to {place_of(url)}",
            seen=[_without_password(str(error), url)],
            next_step="Check that it runs and that the URL in GATEKEEPER_MIGRATE__URL (or --url) is right.",
        ) from error
    connection.prepare_threshold = None
    return connection


def _refuse_pooler(connection: Connection[Any], url: str) -> None:
    """A pooler makes up the process id of the start-up; only PostgreSQL itself knows the real one."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row is None or row[0] != connection.info.backend_pid:
        raise UnfitConnection(
            f"{place_of(url)} is a connection pooler, not PostgreSQL itself; nothing was changed",
            seen=["behind it our lock_timeout could reach other clients, and two migrators could run at once"],
            next_step="Use the direct URL of the database, usually another port or host of the same provider.",
        )


def _refuse_standby(connection: Connection[Any], url: str) -> None:
    row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    if row is not None and row[0]:
        raise UnfitConnection(
            f"{place_of(url)} is a standby, which cannot be changed",
            next_step="Use the URL of the primary.",
        )


def _knows(connection: Connection[Any], name: str) -> bool:
    return connection.info.server_version >= _SINCE.get(name, 0)


def _without_password(message: str, url: str) -> str:
    password = conninfo_to_dict(url).get("password")
    text = " ".join(message.split())
    return text.replace(str(password), "***") if password else text
