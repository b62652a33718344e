"""The two sessions with which one migrator at a time works on a target: one migrates, one holds the lock and watches.

The lock is polled, in autocommit: a session that waits in `pg_advisory_lock` holds a snapshot, for which concurrent
index builds would wait. The migrating session is opened only once the lock is had, so whoever else has a session of
that name is what a dead migrator has left behind.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.lease import check_held
from gatekeeper.apply.session import MIGRATING, TOOL, WATCHING, DatabaseUnreachable, direct, place
from gatekeeper.apply.terms import Terms, session_settings
from gatekeeper.errors import GatekeeperError, GaveWay
from migrations_lint.session import milliseconds

_ONE_MIGRATOR = 0x6761746B  # "gatk": the advisory lock that every gatekeeper asks for
_ASK_EVERY_SECONDS = 0.2
_ENDS_WITHIN_SECONDS = 10.0
_SERVER_BACK_WITHIN_SECONDS = 30.0
_MOST_RENEWALS = 5

_LEFT_BEHIND = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE (application_name = %(name)s OR starts_with(application_name, %(tool)s))
   AND datname = current_database() AND pid <> ALL (%(ours)s)
"""


class AnotherMigrator(GaveWay):
    """Somebody else is migrating this database."""


class SettingsNotInForce(GatekeeperError):
    """The server did not take a setting without which the budget cannot be kept; nothing was changed."""


class ConnectionLost(GatekeeperError):
    """The server went away in the middle, and did not come back while we waited."""


class Target:
    """A database that only we migrate; `connection` migrates, `watcher` holds the lock and looks."""

    def __init__(self, url: str, budget: Budget, terms: Terms) -> None:
        self._url, self._budget, self._terms, self._renewals = url, budget, terms, 0
        self.watcher = direct(url, WATCHING)
        try:
            wait_for_the_lock(self.watcher, budget)
            self.connection = self._migrating()
        except BaseException:
            self.watcher.close()
            raise

    @property
    def ours(self) -> tuple[int, ...]:
        """The process numbers of both sessions."""
        return self.connection.info.backend_pid, self.watcher.info.backend_pid

    @property
    def is_whole(self) -> bool:
        """Whether both sessions still stand; the lock is held as long as the watching one does."""
        return not self.connection.closed and not self.watcher.closed

    def begin_anew(self) -> Connection[Any]:
        """The session that migrates, without what the migration before has left set in it."""
        self.connection.execute("RESET SESSION AUTHORIZATION")
        self.connection.execute("RESET ALL")
        return self.connection

    def settle(self) -> None:
        """Put the session settings in force and read them back; raises SettingsNotInForce, or LeaseTakenOver.

        Before every try: a plain SET inside a transaction that was rolled back is undone with it.
        """
        put_in_force(self.connection, session_settings(self._terms, self.connection.info.server_version))
        check_held(self.connection, self._terms.fence)

    def renew(self) -> None:
        """New sessions for those that were lost, once the server is back and what ours left has ended.

        Raises ConnectionLost, also when it is lost again and again: what we run may be what ends the server. Raises
        AnotherMigrator where somebody took the lock meanwhile and keeps it.
        """
        self.close()
        self._renewals += 1
        if self._renewals > _MOST_RENEWALS:
            raise ConnectionLost(
                f"the connection to {place(self._url)} was lost {self._renewals} times in this run",
                next_step="Look into the server's log for what ends it; then run the same command again.",
            )
        until = time.monotonic() + _SERVER_BACK_WITHIN_SECONDS
        while True:
            try:
                self.watcher = direct(self._url, WATCHING)
                wait_for_the_lock(self.watcher, self._budget)
                self.connection = self._migrating()
            except (DatabaseUnreachable, psycopg.OperationalError) as error:
                if time.monotonic() > until:
                    raise self.lost(error) from error
                time.sleep(_ASK_EVERY_SECONDS)
            else:
                return

    def lost(self, error: Exception) -> ConnectionLost:
        """What to say when it is lost for good."""
        return ConnectionLost(
            f"the connection to {place(self._url)} was lost",
            seen=[str(error).strip().splitlines()[0]],
            next_step="When it answers, run the same command again; it first reads what is in place.",
        )

    def close(self) -> None:
        """End both sessions, and the lock with them."""
        self.connection.close()
        self.watcher.close()

    def _migrating(self) -> Connection[Any]:
        """The session that migrates, when none of that name is left."""
        until = time.monotonic() + _ENDS_WITHIN_SECONDS
        left = {"name": MIGRATING, "tool": TOOL, "ours": [self.watcher.info.backend_pid]}
        while self.watcher.execute(_LEFT_BEHIND.encode(), left).fetchall():
            if time.monotonic() > until:
                raise AnotherMigrator(
                    "a session of an earlier run is still at work and cannot be ended",
                    next_step=f"End those named {MIGRATING!r} or {TOOL!r} yourself, then run the same command again.",
                )
            time.sleep(_ASK_EVERY_SECONDS / 10)
        connection = direct(self._url, MIGRATING)
        connection.prepare_threshold = None  # what was prepared before a change may not fit after it
        return connection


@contextmanager
def alone_on(url: str, budget: Budget, terms: Terms) -> Iterator[Target]:
    """The target for as long as nobody else may migrate it.

    Raises DatabaseUnreachable, BehindPooler, AnotherMigrator or SettingsNotInForce.
    """
    target = Target(url, budget, terms)
    try:
        yield target
    finally:
        target.close()


def wait_for_the_lock(connection: Connection[Any], budget: Budget) -> None:
    """Make this session the one migrator's, until it ends; raises AnotherMigrator when that takes too long."""
    put_in_force(connection, session_settings(Terms(), connection.info.server_version))
    began = time.monotonic()
    while not _try_lock(connection):
        if time.monotonic() - began > budget.give_up_after:
            raise AnotherMigrator(
                "another migrator is at work on this database; nothing was changed",
                next_step="Wait for it to end, then run the same command again.",
            )
        time.sleep(_ASK_EVERY_SECONDS)


def put_in_force(connection: Connection[Any], settings: Mapping[str, str]) -> None:
    """Set them for the session and read them back; raises SettingsNotInForce."""
    calls = sql.SQL(", ").join(
        sql.SQL("set_config({}, {}, false)").format(sql.Literal(name), sql.Literal(value))
        for name, value in settings.items()
    )
    try:
        connection.execute(sql.SQL("SELECT {}").format(calls))
        found = connection.execute(
            sql.SQL("SELECT {}").format(
                sql.SQL(", ").join(sql.SQL("current_setting({})").format(sql.Literal(name)) for name in settings)
            )
        ).fetchone()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
        raise _not_in_force([str(error).strip()]) from error
    wrong = [
        f"{name} is {value}, not {settings[name]}"
        for name, value in zip(settings, found or (), strict=True)
        if not _is_same(value, settings[name])
    ]
    if wrong:
        raise _not_in_force(wrong)


def _is_same(found: str, wanted: str) -> bool:
    """PostgreSQL writes durations its own way: 5000ms comes back as 5s."""
    return found == wanted or (milliseconds(wanted) is not None and milliseconds(found) == milliseconds(wanted))


def _not_in_force(seen: list[str]) -> SettingsNotInForce:
    return SettingsNotInForce(
        "the server did not take the settings that a guarded migration needs; nothing was changed",
        seen=seen,
        next_step="Connect directly to the database, with a role that may set them.",
    )


def _try_lock(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_ONE_MIGRATOR,)).fetchone()
    return bool(row and row[0])
