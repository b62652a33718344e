"""What a tool that an older run started has left in the server: its client is gone or nobody's, its statement is not.

The server notices that a client was killed only when it next writes to it, or after `client_connection_check_interval`
(PostgreSQL 14 and newer); until then an ALTER TABLE of a dead run waits on, and is applied in the end.
"""

import time
from typing import Any

from psycopg import Connection

from gatekeeper.errors import GatekeeperError

TOOL = "gatekeeper exec"  # each try of a tool has this and a number of its own as application_name

_PATIENCE_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.05
_END = "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(application_name, %s)"


class OlderRunStays(GatekeeperError):
    """A session of an older run does not go away; nothing was changed."""

    exit_code = 4


def stop_tools(connection: Connection[Any]) -> int:
    """End all sessions of tools that we have started here, and wait until they are gone; how many there were.

    Only for who holds the lock of the one migrator: no tool of ours may be at work then. Raises OlderRunStays.
    """
    found: set[int] = set()
    until = time.monotonic() + _PATIENCE_SECONDS
    while left := connection.execute(_END, (TOOL,)).fetchall():
        found |= {row[0] for row in left}
        if time.monotonic() > until:
            raise OlderRunStays(
                "a tool that an older run started is still at work on this database; nothing was changed",
                seen=[f"pid {pid}" for pid in sorted(row[0] for row in left)],
                next_step="Wait for it to end, or end it, then run the same command again.",
            )
        time.sleep(_LOOK_EVERY_SECONDS)
    return len(found)
