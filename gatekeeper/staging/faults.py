"""Which errors are the staging server's and not the migration's: nothing is proven or refuted by them."""

import re
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.errors import GatekeeperError
from gatekeeper.staging.errors import ExtensionMissing, ExtensionRefused, StagingFull, StagingLost
from gatekeeper.staging.server import StagingServer

_DISK_FULL = "53100"
_CONNECTION_LOST = ("08", "57P", "58030", "XX")  # classes: connection, shutdown and crash, disk error, internal error
_NO_CONTROL_FILE = ("58P01", "0A000")
_EXTENSION = re.compile(r'\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(?P<name>[\w-]+)', re.IGNORECASE)


def fault_of(
    error: psycopg.Error, server: StagingServer, connection: Connection[Any], statement: str = ""
) -> GatekeeperError | None:
    """The server's fault, told so that a person can act on it; None where the statement itself is to blame."""
    said = (error.diag.message_primary or str(error)).strip()
    state = error.sqlstate or ""
    if state == _DISK_FULL:
        return StagingFull(server.host, said)
    if connection.closed and (not state or state.startswith(_CONNECTION_LOST)):
        return StagingLost(server.host, said, statement)
    extension = _EXTENSION.search(statement)
    if extension is None:
        return None
    if state == psycopg.errors.InsufficientPrivilege.sqlstate:
        return ExtensionRefused(extension["name"], connection.info.user, server.host)
    if state in _NO_CONTROL_FILE and "extension" in said:
        return ExtensionMissing((extension["name"],), server.host, is_ours=server.is_ours)
    return None
