"""What a way up leaves when it stops half-way, and whether it can be run again then: tried after every commit.

A script in one transaction leaves nothing. In others whatever was committed stays, and so does the INVALID index of a
concurrent build that fails (PostgreSQL 18, CREATE INDEX, "Building Indexes Concurrently").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from psycopg.pq import TransactionStatus

from gatekeeper.model.proof import DifferenceClass, Interruption
from gatekeeper.staging.catalog import Catalog
from gatekeeper.staging.compare import compare, refutes
from gatekeeper.staging.data_probe import DataDigest
from gatekeeper.staging.lock_trace import Runner, StatementFailed
from gatekeeper.staging.stage import Stage
from migrations_lint.model import Direction, Fragment, Script
from migrations_lint.parse.libpg import parse

_MOST_STOPS = 6
_LEAVES_NOTHING = re.compile(
    r"\s*(SET|RESET|SELECT|SHOW|BEGIN|START|COMMIT|END|SAVEPOINT|RELEASE|DISCARD|LOCK)\b", re.IGNORECASE
)
_BUILDS = re.compile(
    r"\s*CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY\b.*?\bON\s+(ONLY\s+)?(?P<table>[\w.\"]+)", re.IGNORECASE | re.DOTALL
)
_SIGNS = {DifferenceClass.LOST: "without ", DifferenceClass.CHANGED: "changed "}


class _Stopped(Exception):
    """So many transactions are committed."""


@dataclass
class _Stopping(Runner):
    """Runs a script until so many of its transactions are committed; `commits` are the last changes in each."""

    stop_after: int | None
    commits: list[tuple[int, str]] = field(default_factory=list)
    changed: tuple[int, str] | None = None

    def _control(self, command: str, fragment: Fragment) -> None:
        super()._control(command, fragment)
        self._look()

    def _run(self, sql: str, line: int) -> None:
        super()._run(sql, line)
        if not _LEAVES_NOTHING.match(sql):
            self.changed = (line, sql)
        self._look()

    def _look(self) -> None:
        if self.changed and self.connection.info.transaction_status is TransactionStatus.IDLE:
            self.commits.append(self.changed)
            self.changed = None
            if len(self.commits) == self.stop_after:
                raise _Stopped


def is_one_transaction(script: Script) -> bool:
    """Whether it is plain that nothing of it stays unless all of it does."""
    groups, is_open = 0, False
    for fragment in script.fragments:
        if fragment.in_transaction:
            groups += not is_open or fragment.begins_anew
        else:
            groups += len(parse(fragment).statements)
        is_open = fragment.in_transaction
    words = script.sql.upper()
    return groups <= 1 and not any(word in words for word in ("COMMIT", "END;", "CONCURRENTLY"))


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the script leads to when nothing stops it, and after how many commits."""

    catalog: Catalog
    data: DataDigest
    commits: tuple[tuple[int, str], ...]


def interruptions(stage: Stage, base: str, before: Catalog, script: Script) -> tuple[Interruption, ...]:
    """Stop the script after each commit but the last, on copies of `base`, and run it again; at most so many times."""
    whole = _whole(stage, base, script)
    if whole is None:
        return ()
    stops: list[tuple[int, bool]] = []
    for number, (_, statement) in enumerate(whole.commits, start=1):
        if _BUILDS.match(statement):
            stops.append((number, True))
        if number < len(whole.commits):
            stops.append((number, False))
    return tuple(_stopped(stage, base, before, script, whole, *stop) for stop in stops[:_MOST_STOPS])


def _whole(stage: Stage, base: str, script: Script) -> _Whole | None:
    copy = stage.copy(base)
    try:
        commits = _run(stage, copy, script, None)
        with stage.looking(copy) as observer:
            return _Whole(observer.catalog(), observer.data(), tuple(commits))
    except StatementFailed:
        return None
    finally:
        stage.drop(copy)


def _run(stage: Stage, database: str, script: Script, stop_after: int | None) -> list[tuple[int, str]]:
    with stage.session(database) as connection:
        stage.limit(connection)
        runner = _Stopping(connection, stage.substitute, stop_after)
        try:
            if stop_after != 0:
                runner.run(script)
        except _Stopped:
            pass
        return runner.commits


def _stopped(
    stage: Stage, base: str, before: Catalog, script: Script, whole: _Whole, number: int, is_inside: bool
) -> Interruption:
    line, statement = whole.commits[number - 1]
    copy = stage.copy(base)
    try:
        _run(stage, copy, script, number - is_inside)
        if is_inside:
            _fail_to_build(stage, copy, statement)
        left = tuple(_left(before, stage.catalog(copy)))
        return Interruption(line, statement, is_inside, left, _why_not_again(stage, copy, script, whole))
    finally:
        stage.drop(copy)


def _fail_to_build(stage: Stage, database: str, statement: str) -> None:
    """A writer that does not end in time; the build gives up and leaves its index behind."""
    match = _BUILDS.match(statement)
    assert match is not None
    with stage.session(database) as writer, stage.session(database) as builder:
        try:
            writer.execute(f"BEGIN; LOCK TABLE {match['table']} IN ROW EXCLUSIVE MODE".encode())
            builder.execute("SET lock_timeout TO '50ms'")
            builder.execute(statement.encode())
        except psycopg.Error:
            return
        finally:
            writer.execute("ROLLBACK")


def _left(before: Catalog, now: Catalog) -> Iterator[str]:
    for difference in compare(before, now):
        yield f"{_SIGNS.get(difference.difference, '')}{difference.object}"


def _why_not_again(stage: Stage, database: str, script: Script, whole: _Whole) -> str | None:
    again = stage.run(database, script, Direction.UP, traced=False)
    if again.failure is not None:
        return again.failure.message
    with stage.looking(database) as observer:
        differences = compare(whole.catalog, observer.catalog())
        rows = {name: table.rows for name, table in observer.data().tables.items()}
    if refutes(differences):
        return f"it runs through, and {differences[0].object} is not as it should be"
    changed = [name for name, table in whole.data.tables.items() if rows.get(name) != table.rows]
    return f"it runs through, and changes the rows of {changed[0]} twice" if changed else None
