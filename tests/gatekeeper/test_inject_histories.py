"""Real histories with timeouts injected: they apply as before, and the server has the timeouts in force.

The histories are not ours to keep. GATEKEEPER_HISTORIES names their folders, with blanks between them; without it
nothing is tried here. `make soak` passes it on.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from psycopg.pq import TransactionStatus

from gatekeeper.config.settings import InjectSettings
from gatekeeper.inject import left_alone, plan, write
from gatekeeper.staging.catalog import catalog_of
from gatekeeper.staging.compare import compare
from gatekeeper.staging.lock_trace import StatementFailed, run_through
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from gatekeeper.staging.stand_ins import StandIns
from migrations_lint.history import History, read_history
from migrations_lint.model import Migration
from migrations_lint.outline import Piece, outline

FOLDERS = [Path(name) for name in os.environ.get("GATEKEEPER_HISTORIES", "").split()]
ALL = InjectSettings(
    statement_timeout=timedelta(minutes=5),
    long_statement_timeout=timedelta(hours=1),
    idle_in_transaction_session_timeout=timedelta(minutes=1),
)
_NAMES = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
_ASKED = "SELECT " + ", ".join(f"current_setting('{name}')" for name in _NAMES)


@dataclass
class Run:
    """One history on a database of its own: which migrations failed, and what was not in force."""

    theirs: frozenset[str] = frozenset()
    named: frozenset[Path] = frozenset()
    failed: list[str] = field(default_factory=list)
    without: list[tuple[str, str]] = field(default_factory=list)
    asked: int = 0


@pytest.fixture(params=FOLDERS, ids=lambda folder: "-".join(folder.parts[-3:]))
def histories(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    original, copy = request.param, tmp_path / request.param.name
    shutil.copytree(original, copy, symlinks=True)
    (copy / ".git").mkdir(exist_ok=True)  # nothing above belongs to it
    return original, copy


def test_nothing_is_tried_where_no_history_is_given() -> None:
    assert all(folder.is_dir() for folder in FOLDERS)


@pytest.mark.parametrize("settings", [InjectSettings(), ALL], ids=["by default", "all of them"])
def test_it_applies_as_before_with_the_timeouts_in_force(
    settings: InjectSettings, histories: tuple[Path, Path], embedded: StagingServer, scratch_databases: Scratch
) -> None:
    _, copy = histories
    before = readable(copy)
    theirs = frozenset(migration.id for migration in before.migrations if sets_its_own(migration))
    names = [scratch_databases.create(), scratch_databases.create()]
    with embedded.connect(names[0]) as plain, embedded.connect(names[1]) as timed:
        as_it_was = run(plain, before, None, theirs)
        untouched = {path: path.read_bytes() for path in files(before)}
        rewrites = plan(before, settings)
        write(rewrites)
        after = readable(copy)
        named = frozenset(each.path for each in left_alone(after, (), settings))
        injected = run(timed, after, settings, theirs, named)

        assert injected.failed == as_it_was.failed
        assert injected.without == []
        assert [d for d in compare(catalog_of(plain), catalog_of(timed)) if d.refutes] == []
    changed = {rewrite.path for rewrite in rewrites}
    assert {path for path in untouched if path.read_bytes() != untouched[path]} == changed
    assert plan(readable(copy), settings) == ()
    assert injected.asked or not changed
    for rewrite in rewrites:
        old, new = untouched[rewrite.path], rewrite.path.read_bytes()
        assert old.startswith(b"\xef\xbb\xbf") == new.startswith(b"\xef\xbb\xbf")
        assert (b"\r\n" in old) <= (b"\r\n" in new)
        assert is_within(old, new)
    for name in names:
        scratch_databases.drop(name)


def readable(folder: Path) -> History:
    """Without migrations that their tool would refuse, and those of installed packages: nobody injects into them."""
    history = read_history([folder])
    ours = tuple(migration for migration in history.migrations if folder in migration.path.parents)
    return History(ours, (), history.selected)


def files(history: History) -> Iterator[Path]:
    yield from dict.fromkeys(path for migration in history.migrations for path in migration.files() if path.is_file())


def is_within(old: bytes, new: bytes) -> bool:
    """Whether only insertions make the one of the other."""
    rest = iter(new)
    return all(byte in rest for byte in old)


def run(
    connection: Connection[Any],
    history: History,
    settings: InjectSettings | None,
    theirs: frozenset[str],
    named: frozenset[Path] = frozenset(),
) -> Run:
    connection.add_notice_handler(lambda notice: None)
    available = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
    stand_ins = StandIns(frozenset(name for (name,) in available))
    result = Run(theirs, named)
    for migration in history.migrations:
        if not of_one_history(migration, history):
            continue
        try:
            run_through(connection, migration.up, Look(connection, migration, stand_ins, result, settings))
        except StatementFailed:
            result.failed.append(migration.id)
        row = connection.execute(_ASKED).fetchone()
        has_failed = migration.id in result.failed  # its session would end here
        if settings is not None and not has_failed and row != ("0", "0", "0") and migration.id not in result.theirs:
            result.without.append((migration.id, f"{row} stays after it"))
        connection.execute("RESET ALL")
    return result


def of_one_history(migration: Migration, history: History) -> bool:
    return migration.root == history.migrations[0].root


def sets_its_own(migration: Migration) -> bool:
    """A migration that sets one of them itself is left to its authors."""
    pieces = [piece for fragment in migration.up.fragments for piece in outline(fragment.sql)]
    return any(piece.sets(name.upper()) for piece in pieces for name in _NAMES)


@dataclass
class Look:
    """Asks the server, right before each statement that may wait for a lock."""

    connection: Connection[Any]
    migration: Migration
    stand_ins: StandIns
    result: Run
    settings: InjectSettings | None

    def __call__(self, sql: str) -> str | None:
        pieces = [piece for piece in outline(sql) if piece.changes_schema]
        if any(piece.sets_lock_timeout for piece in outline(sql)):
            return None  # the parser refuses the file, so that all of it is sent at once
        if self.settings is not None and pieces and self.migration.id not in self.result.theirs:
            row = self.connection.execute(_ASKED).fetchone()
            assert row is not None
            if not self._is_right(pieces[0], *row):
                self.result.without.append((self.migration.id, f"{row}: {sql[:100]}"))
        return self.stand_ins.substitute(sql)

    def _is_right(self, piece: Piece, lock: str, statement: str, idle: str) -> bool:
        assert self.settings is not None
        self.result.asked += 1
        is_limited = self.settings.statement_timeout is not None
        is_open = self.connection.info.transaction_status is not TransactionStatus.IDLE
        if piece.stands_alone:
            is_named = self.migration.path in self.result.named
            return lock == "0" and statement == ("1h" if is_limited and not is_named else "0")
        wanted = "0" if not is_limited else "1h" if piece.works_beside_traffic else "5min"
        return lock == "2s" and statement == wanted and (idle == "1min") >= (is_limited and is_open)
