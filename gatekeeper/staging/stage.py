"""Where migrations run: sessions on scratch databases, with our timeout, and stand-ins where they are ours."""

import contextlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.model.proof import Failure, LockTrace
from gatekeeper.staging.catalog import Catalog
from gatekeeper.staging.errors import ExtensionMissing, ExtensionRefused
from gatekeeper.staging.faults import fault_of
from gatekeeper.staging.lock_probe import LockProbe
from gatekeeper.staging.lock_trace import StatementFailed, run_through, trace
from gatekeeper.staging.observer import Observer
from gatekeeper.staging.row_changes import count_now
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.stand_ins import STAND_INS, StandIns
from migrations_lint.model import Direction, Script

_NO_SUCH_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_MOST_ROLES = 20
# Extensions that are there, but that this role may not create; `trusted` came with PostgreSQL 13.
_REFUSED = """
    SELECT e.name FROM pg_available_extensions e
      JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
     WHERE v.superuser AND NOT coalesce((to_jsonb(v) ->> 'trusted')::boolean, false)
       AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
"""
# Errors in data and errors of the script's own, by class: their messages may quote what somebody's row holds.
_QUOTES_VALUES = ("22", "P0")
# What DISCARD ALL does not give: settings that only a new session reads, and libraries that it has not loaded.
_FOR_NEW_SESSIONS = re.compile(r"\bALTER\s+(DATABASE|ROLE|USER|SYSTEM)\b|\bLOAD\b", re.IGNORECASE)


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
    holds_real_rows: bool = False
    _refused: frozenset[str] = frozenset()
    _idle: dict[str, list[Connection[Any]]] = field(default_factory=dict)
    _observers: dict[str, Observer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with contextlib.closing(self.scratch.server.connect()) as connection:
            names = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
            refused = connection.execute(_REFUSED).fetchall()
        self.stand_ins = StandIns(frozenset(name for (name,) in names))
        self._refused = frozenset(name for (name,) in refused)

    def check(self, extensions: Collection[str]) -> None:
        """Before anything runs: raises ExtensionMissing or ExtensionRefused for what cannot be created here."""
        server, wanted = self.scratch.server, frozenset(extensions)
        missing = wanted - self.stand_ins.available - (STAND_INS.keys() if server.is_ours else set())
        if missing:
            raise ExtensionMissing(tuple(sorted(missing)), server.host, is_ours=server.is_ours)
        if refused := sorted(wanted & self._refused):
            raise ExtensionRefused(refused[0], server.user, server.host)

    @contextlib.contextmanager
    def session(self, database: str) -> Iterator[Connection[Any]]:
        """A session as good as new, as every script gets: temporary tables of the way up are gone on the way down."""
        self._observers.setdefault(database, Observer(lambda: self._connect(database)))
        idle = self._idle.setdefault(database, [])
        connection = idle.pop() if idle else self._connect(database)
        connection.prepare_threshold = None  # DISCARD ALL forgets prepared statements
        try:
            yield connection
        except psycopg.Error as error:
            fault = fault_of(error, self.scratch.server, connection)
            connection.close()
            self._observers[database].forget_rows()  # what it has written may be counted only after it is gone
            if fault is not None:
                raise fault from error
            raise
        except BaseException:
            connection.close()
            self._observers[database].forget_rows()
            raise
        with contextlib.suppress(psycopg.Error):
            connection.execute("DISCARD ALL")
            count_now(connection)
            idle.append(connection)

    def leave(self, database: str) -> None:
        """Hang up: a database that somebody is connected to can be neither copied nor dropped."""
        for connection in self._idle.pop(database, []):
            connection.close()
        if database in self._observers:
            self._observers[database].close()

    def copy(self, database: str) -> str:
        """A copy, made while none of our sessions is there."""
        self.leave(database)
        return self.scratch.create(database)

    def drop(self, database: str) -> None:
        """Drop a scratch database of this run."""
        self.leave(database)
        self._observers.pop(database, None)
        self.scratch.drop(database)

    def close(self) -> None:
        """Hang up everywhere."""
        for database in {*self._idle, *self._observers}:
            self.leave(database)

    @contextlib.contextmanager
    def looking(self, database: str) -> Iterator[Observer]:
        """Looks at a database, between transactions of the others."""
        observer = self._observers.setdefault(database, Observer(lambda: self._connect(database)))
        try:
            yield observer
        except psycopg.Error as error:
            fault = fault_of(error, self.scratch.server, observer.connection)
            observer.close()
            if fault is not None:
                raise fault from error
            raise

    def catalog(self, database: str) -> Catalog:
        """What the database holds now."""
        with self.looking(database) as observer:
            return observer.catalog()

    def run(self, database: str, script: Script, direction: Direction, *, traced: bool = True) -> Ran:
        """Run one way of a migration in a session of its own.

        Raises a GatekeeperError where not the script but the server is to blame: it is gone, full or may not do it.
        """
        with self.session(database) as connection, self.session(database) as outside:
            self.limit(connection)
            probe = LockProbe(outside) if traced else None
            try:
                return Ran(self._run(connection, script, probe))
            except StatementFailed as failed:
                fault = fault_of(failed.cause, self.scratch.server, connection, failed.statement)
                if fault is not None:
                    raise fault from failed
                return Ran(failed.trace, self._failure(failed, direction))
            finally:
                if _FOR_NEW_SESSIONS.search(script.sql):
                    self.leave(database)

    def _run(self, connection: Connection[Any], script: Script, probe: LockProbe | None) -> LockTrace:
        if probe is None:
            return run_through(connection, script, self.substitute)
        is_ours = self.scratch.server.is_ours
        return trace(connection, script, substitute=self.substitute, probe=probe, counts_wal=is_ours)

    def limit(self, connection: Connection[Any]) -> None:
        """Let no statement of this session run longer than it may."""
        milliseconds = int(self.statement_timeout.total_seconds() * 1000)
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(milliseconds)])

    def substitute(self, statement: str) -> str | None:
        """What is run in place of a statement, where the server is ours and lacks what it needs."""
        return self.stand_ins.substitute(statement) if self.scratch.server.is_ours else None

    def advance(self, database: str, script: Script, *, traced: bool = True) -> Ran:
        """Run a way up for the first time; a server of ours gets the roles that a history takes for granted."""
        ran = self.run(database, script, Direction.UP, traced=traced)
        for _ in range(_MOST_ROLES):
            role = _NO_SUCH_ROLE.search(ran.failure.message) if ran.failure else None
            if role is None or not self.scratch.server.is_ours:
                break
            with self.session(database) as connection, contextlib.suppress(psycopg.errors.DuplicateObject):
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role["name"])))
            self.stand_ins.roles.add(role["name"])
            ran = self.run(database, script, Direction.UP, traced=traced)
        return ran

    def _connect(self, database: str) -> Connection[Any]:
        connection = self.scratch.server.connect(database)
        connection.add_notice_handler(lambda notice: None)
        return connection

    def _failure(self, failed: StatementFailed, direction: Direction) -> Failure:
        cause = failed.cause
        message = cause.diag.message_primary or str(cause).strip()
        if self.holds_real_rows and cause.sqlstate and cause.sqlstate.startswith(_QUOTES_VALUES):
            message = (
                f"{message.partition(':')[0].partition(chr(34))[0].strip()} (the server's words may quote a value)"
            )
        elif cause.diag.message_detail and not self.holds_real_rows:
            message = f"{message} ({cause.diag.message_detail})"
        if isinstance(cause, psycopg.errors.QueryCanceled):
            limit = self.statement_timeout.total_seconds()
            message = f"{message}: it ran for more than {limit:g} s (`statement_timeout` under [staging])"
        return Failure(direction.value, failed.statement, cause.sqlstate or "", message, failed.line)
