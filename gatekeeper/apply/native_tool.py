"""Runs a migration tool of the user's own under guard: its sessions get our timeouts and our name, and are watched.

The tool decides what to apply and keeps its own books. We see to it that nobody waits longer than the budget because
of it, and run the same command again where it gave way and may be run again.
"""

import random
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from psycopg import OperationalError
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.apply.backoff import Budget, gives_up, pause
from gatekeeper.apply.invalid_index import drop_left_behind, invalid_indexes
from gatekeeper.apply.named_sessions import NamedSessions
from gatekeeper.apply.prisma_note import take_back
from gatekeeper.apply.session import TOOL, place
from gatekeeper.apply.target import Target, alone_on
from gatekeeper.apply.terms import Terms
from gatekeeper.apply.tool_environment import SessionWish, ToolStart, tool_start
from gatekeeper.apply.tools import Tool, tool_of
from gatekeeper.errors import GatekeeperError, GaveWay
from gatekeeper.model.action import Command
from gatekeeper.model.applied import Stall
from gatekeeper.model.blocker import Blocker
from gatekeeper.process import Finished, Hear, scrub
from gatekeeper.process import run as run_process

_LIMIT = timedelta(days=1)  # a build may take hours; the budget bounds what it costs others, not its own time
_SHOWN_LINES = 8
# What the server says when a lock was not to be had, as tools hand it on: in words, or by SQLSTATE.
_GAVE_WAY = re.compile(r"lock timeout|deadlock detected|due to user request|\b(?:55P03|40P01|57014)\b")
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
_ENDS_WITHIN_SECONDS = 10.0
_STILL_THERE = "SELECT pid FROM pg_stat_activity WHERE pid = ANY (%(pids)s) AND xact_start < %(now)s"
_LOOK_EVERY_SECONDS = 0.1
_POOLER_SAYS = "unsupported startup parameter"


@dataclass(frozen=True, slots=True)
class ToolReport:
    """What came of the command; `watched` is how many sessions of the tool were seen on the target.

    `unwatched`: our own connection was lost while it worked, so that from then on nobody watched.
    """

    words: tuple[str, ...]
    tool: str
    seconds: float
    tries: int
    stall: Stall
    watched: int
    unwatched: bool = False


class ToolFailed(GatekeeperError):
    """The tool says no, and not because it gave way."""

    exit_code = 1


class ToolGaveWay(GaveWay):
    """The tool's migration gave way to other sessions every time, or may not be run again by itself."""

    def __init__(self, shown: str, why: str, tries: int, blockers: Sequence[Blocker], next_step: str) -> None:
        self.tries, self.blockers = tries, tuple(blockers)
        super().__init__(f"{shown}: {why}", seen=[str(blocker) for blocker in blockers], next_step=next_step)


@dataclass(frozen=True, slots=True)
class _Try:
    finished: Finished
    seen: NamedSessions

    @property
    def gave_way(self) -> bool:
        return not self.finished.is_good and (self.seen.gave_way or bool(_GAVE_WAY.search(self.finished.told)))


@dataclass(frozen=True, slots=True)
class Guarded:
    """The command that is guarded, on which database, and within what."""

    url: str
    words: tuple[str, ...]
    budget: Budget
    environment: Mapping[str, str]
    statement_timeout: timedelta | None = None

    @property
    def shown(self) -> str:
        """The command for people, without the passwords of its URLs."""
        return re.sub(r"(?<=://)([^:@/\s]*):[^@/\s]*@", r"\1:***@", " ".join(self.words))


def run_tool(guarded: Guarded, hear: Hear, remark: Callable[[str], None]) -> ToolReport:
    """Run the command until it is through; `hear` gets each line it says, `remark` what we do meanwhile.

    Raises DatabaseUnreachable, BehindPooler or AnotherMigrator before it starts, CannotStart, ToolFailed, ToolGaveWay.
    """
    tool = tool_of(guarded.words)
    with alone_on(guarded.url, guarded.budget, Terms()) as target:
        stand = _Stand(target, guarded, tool)
        started, tries, stall, stalled, builds = time.monotonic(), 0, Stall(), 0.0, False
        while True:
            tries += 1
            one = stand.once(hear, waits_freely=builds)
            stalled += one.seen.stall.worst_seconds
            stall, builds = stall.plus(one.seen.stall), builds or bool(one.seen.builds)
            if one.finished.is_good:
                seconds = time.monotonic() - started
                watched, unwatched = len(one.seen.pids), one.seen.lost is not None
                return ToolReport(guarded.words, tool.name, seconds, tries, stall, watched, unwatched)
            if not one.gave_way:
                raise _failed(guarded, one.finished)
            rest = pause(one.seen.stall.worst_seconds, random.random())
            if not stand.may_run_again() or gives_up(time.monotonic() - started, stalled, rest, guarded.budget):
                raise _gave_way(guarded, tool, tries, one)
            remark(f"{tool.name} gave way (try {tries}); it is started again when the way is free")
            time.sleep(rest)
            stand.wait_for_the_way(one.seen.blockers, until=started + guarded.budget.give_up_after)


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where the tool is run, instead of whom; `target` keeps others from migrating, and its watcher looks on."""

    target: Target
    guarded: Guarded
    tool: Tool

    def once(self, hear: Hear, *, waits_freely: bool) -> _Try:
        name = f"{TOOL} {secrets.token_hex(4)}"
        start = self._start(name, waits_freely=waits_freely)
        command = Command(
            start.words,
            f"run {self.guarded.shown}",
            environment=start.environment,
            secret=frozenset(start.environment) & {"PGPASSWORD", *self.tool.variables},
            timeout=_LIMIT,
        )
        before = invalid_indexes(self.target.connection)
        try:
            with NamedSessions(self.target.watcher, name, self.guarded.budget.max_stall) as seen:
                finished = run_process(command, lambda line: hear(scrub(line, start.secrets)))
        finally:  # also when a person stops us
            self._end(name)
        if seen.builds and not finished.is_good:
            drop_left_behind(self.target.connection, before, seen.builds)
        return _Try(finished, seen)

    def _end(self, name: str) -> None:
        """What the tool has begun must not run on: its sessions end with it, also when our own were lost meanwhile."""
        try:
            self._end_sessions(name)
        except OperationalError:
            self.target.renew()

    def _end_sessions(self, name: str) -> None:
        until = time.monotonic() + _ENDS_WITHIN_SECONDS
        while self.target.connection.execute(_END, (name,)).fetchall() and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_SECONDS / 10)

    def may_run_again(self) -> bool:
        """After it gave way; Prisma's own note of that is taken back where it can be."""
        return self.tool.may_run_again or (self.tool.name == "prisma" and take_back(self.target.connection, Path.cwd()))

    def wait_for_the_way(self, blockers: Sequence[Blocker], *, until: float) -> None:
        """Each start of a tool costs a second and a stall: leave it until the transactions in its way are over."""
        pids = [blocker.pid for blocker in blockers if blocker.pid is not None]
        (now,) = self.target.connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
        while (
            time.monotonic() < until
            and self.target.connection.execute(_STILL_THERE, {"pids": pids, "now": now}).fetchone()
        ):
            time.sleep(_LOOK_EVERY_SECONDS)

    def _start(self, name: str, *, waits_freely: bool) -> ToolStart:
        guarded = self.guarded
        target = {key: str(value) for key, value in conninfo_to_dict(guarded.url).items() if value is not None}
        if (
            not self.target.connection.pgconn.ssl_in_use
        ):  # libpq tries with and without; lib/pq insists on it unless told
            target.setdefault("sslmode", "disable")
        wait = 0 if waits_freely else max(int(guarded.budget.max_stall * 1000), 1)
        parameters = {"lock_timeout": f"{wait}ms", "idle_in_transaction_session_timeout": "60s"}
        if guarded.statement_timeout is not None:
            parameters["statement_timeout"] = f"{int(guarded.statement_timeout.total_seconds() * 1000)}ms"
        if self.target.connection.info.server_version >= 140000:
            parameters["client_connection_check_interval"] = "1s"
        return tool_start(guarded.words, self.tool, target, guarded.environment, SessionWish(name, parameters))


def _failed(guarded: Guarded, finished: Finished) -> ToolFailed:
    if _POOLER_SAYS in finished.told:
        return ToolFailed(
            f"{guarded.shown} reaches its database through a connection pooler, which takes no settings",
            seen=_last_lines(finished),
            next_step=f"Give the tool the direct address, {place(guarded.url)}, by its variable or its settings file.",
        )
    return ToolFailed(
        f"{guarded.shown} {_ended(finished.exit_code)}",
        seen=_last_lines(finished),
        next_step="Correct what it complains about, then run the same command again.",
    )


def _gave_way(guarded: Guarded, tool: Tool, tries: int, one: _Try) -> ToolGaveWay:
    why = f"the locks were not to be had in {tries} {'try' if tries == 1 else 'tries'}"
    retry = "End those sessions or pick a quieter time, then run the same command again."
    return ToolGaveWay(guarded.shown, why, tries, one.seen.blockers, tool.stuck or retry)


def _ended(exit_code: int) -> str:
    return f"ended with exit code {exit_code}" if exit_code >= 0 else f"was ended by signal {-exit_code}"


def _last_lines(finished: Finished) -> list[str]:
    return [line for line in finished.told.splitlines() if line.strip()][-_SHOWN_LINES:]
