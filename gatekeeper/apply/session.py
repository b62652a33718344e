"""A direct connection to the target database. Session settings and advisory locks need one; a pooler shares it out."""

from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.errors import GatekeeperError

APPLICATION = "gatekeeper"
MIGRATING = "gatekeeper migrate"
WATCHING = "gatekeeper watch"
TOOL = "gatekeeper exec"  # what a tool of the user's own opens under guard, and a number


class DatabaseUnreachable(GatekeeperError):
    """The target database does not let us in."""


class BehindPooler(GatekeeperError):
    """The URL leads to a connection pooler; nothing was changed."""

    exit_code = 2


def direct(url: str, application: str = APPLICATION) -> Connection[Any]:
    """A session of our own in autocommit mode; raises DatabaseUnreachable or BehindPooler.

    A pooler is recognised by the process number that it made up for the start-up message: it differs from the
    server's `pg_backend_pid()`.
    """
    connection = session(url, application)
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row is None or row[0] != connection.info.backend_pid:
        connection.close()
        raise BehindPooler(
            f"{place(url)} is a connection pooler, and a migration through one loses its settings and its lock",
            seen=["the server's process number is not the one that the connection was given"],
            next_step="Set `url` under [migrate] to the database's own address (Prisma calls it directUrl).",
        )
    return connection


def session(url: str, application: str) -> Connection[Any]:
    """A session in autocommit mode, by whatever leads there; raises DatabaseUnreachable."""
    try:
        return psycopg.connect(url, autocommit=True, application_name=application, connect_timeout=10)
    except psycopg.Error as error:
        raise DatabaseUnreachable(
            f"cannot connect to {place(url)}",
            seen=[_first_line(error, url)],
            next_step="Check `url` under [migrate] (GATEKEEPER_MIGRATE__URL), and that the server is up.",
        ) from error


def place(url: str) -> str:
    """Where a URL leads, without its password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "the database URL"
    return f"{parts.get('host') or 'the local server'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"


def _first_line(error: psycopg.Error, url: str) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    try:
        password = conninfo_to_dict(url).get("password")
    except psycopg.ProgrammingError:
        return "the URL cannot be read"
    return text.replace(str(password), "***") if password else text
