"""Where migrations run: sessions on scratch databases, with our timeout, and stand-ins where they are ours."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.model.proof import Failure, LockTrace
from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.lock_trace import StatementFailed, trace
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.stand_ins import StandIns
from migrations_lint.model import Direction, Script

_NO_SUCH_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_MOST_ROLES = 20


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one script: its trace, up to where it failed if it did."""

    trace: LockTrace
    failure: Failure | None = None


@dataclass
class Stage:
    """One run's scratch databases, and what was stood in for so far."""

    scratch: Scratch
    statement_timeout: timedelta
    stand_ins: StandIns = field(init=False)

    def __post_init__(self) -> None:
        with contextlib.closing(self.scratch.server.connect()) as connection:
            names = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
        self.stand_ins = StandIns(frozenset(name for (name,) in names))

    @contextlib.contextmanager
    def session(self, database: str) -> Iterator[Connection[Any]]:
        """A new session, as every script gets: temporary tables of the way up are not there on the way down."""
        with contextlib.closing(self.scratch.server.connect(database)) as connection:
            connection.add_notice_handler(lambda notice: None)
            yield connection

    def catalog(self, database: str) -> Catalog:
        """What the database holds now."""
        with self.session(database) as connection:
            return catalog_of(connection)

    def run(self, database: str, script: Script, direction: Direction) -> Ran:
        """Run one way of a migration in a session of its own."""
        with self.session(database) as connection:
            limit = int(self.statement_timeout.total_seconds() * 1000)
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(limit)])
            try:
                if self.scratch.server.is_ours:
                    return Ran(trace(connection, script, substitute=self.stand_ins.substitute))
                return Ran(trace(connection, script))
            except StatementFailed as failed:
                return Ran(failed.trace, _failure(failed, direction))

    def advance(self, database: str, script: Script) -> Ran:
        """Run a way up for the first time; a server of ours gets the roles that a history takes for granted."""
        ran = self.run(database, script, Direction.UP)
        for _ in range(_MOST_ROLES):
            role = _NO_SUCH_ROLE.search(ran.failure.message) if ran.failure else None
            if role is None or not self.scratch.server.is_ours:
                break
            with self.session(database) as connection, contextlib.suppress(psycopg.errors.DuplicateObject):
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role["name"])))
            self.stand_ins.used.append(f"role {role['name']}")
            ran = self.run(database, script, Direction.UP)
        return ran


def _failure(failed: StatementFailed, direction: Direction) -> Failure:
    cause = failed.cause
    message = cause.diag.message_primary or str(cause).strip()
    if cause.diag.message_detail:
        message = f"{message} ({cause.diag.message_detail})"
    return Failure(direction.value, failed.statement, cause.sqlstate or "", message, failed.line)
