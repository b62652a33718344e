"""How many proofs a second, beside a loop of psql and pg_dump and beside pytest-alembic: the same history and server.

    python -m tests.bench.verify_against_loop FOLDER PYTHON

FOLDER (CORPUS for `make bench`, may be empty) holds real histories, one folder for each; PYTHON has pytest-alembic.
Histories of 20 and of 200 tables are made here. Figures are printed and nothing is asserted of them.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.staging.cluster import embedded_binaries
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer, embedded_server
from migrations_lint.history import read_history
from migrations_lint.model import Migration
from tests.bench.histories import as_alembic, as_sql_files, synthetic
from tests.conftest import url_of

_CHANGES = 60
_MOST_IN_LOOP = 25
_CONFTEST = """
import pytest
from sqlalchemy import create_engine

@pytest.fixture
def alembic_engine():
    return create_engine({url!r})

@pytest.fixture
def alembic_config():
    return {{"file": {ini!r}}}
"""
_INI = "[alembic]\nscript_location = {folder}\n"
_ENV = """
from alembic import context
from sqlalchemy import MetaData
with context.config.attributes["connection"].connect() as connection:
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
"""
_TESTS = """
from pytest_alembic.tests import test_single_head_revision, test_up_down_consistency, test_upgrade
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace
"""


@dataclass(frozen=True, slots=True)
class Run:
    """So many migrations in so many seconds."""

    name: str
    migrations: int
    seconds: float
    megabytes: float | None = None

    def __str__(self) -> str:
        memory = f"{self.megabytes:>7.0f} MB" if self.megabytes is not None else ""
        each = self.seconds / self.migrations * 1000
        return f"  {self.name:<34}{self.migrations / self.seconds:>8.2f} a second{each:>9.0f} ms each{memory}"


def main(corpus: str, python: str) -> int:
    print(f"\nproofs of rollbacks; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")  # noqa: T201
    with tempfile.TemporaryDirectory() as place, embedded_server() as server:
        for tables in (20, 200):
            folder = Path(place) / str(tables)
            as_sql_files(list(synthetic(tables, _CHANGES)), folder)
            told(f"a history of our own, {tables} tables", folder, server, (python, tables))
        for folder in sorted(path for path in Path(corpus or place).iterdir() if corpus and path.is_dir()):
            told(folder.name, folder, server)
    return 0


def told(name: str, folder: Path, server: StagingServer, alembic: tuple[str, int] | None = None) -> None:
    """Measure one history in every way, and print."""
    history = read_history([folder]).migrations
    if not any(migration.down for migration in history):
        return
    print(f"{name}: {len(history)} migrations, PostgreSQL {server.version}")  # noqa: T201
    ours = proved(history, server)
    runs = [ours, *looped(history, server, folder)]
    if alembic is not None and alembic[0]:
        runs.append(by_pytest_alembic(*alembic, server))
    for run in runs:
        factor = run.seconds / run.migrations * ours.migrations / ours.seconds
        print(f"{run}{'' if run is ours else f'   we are {factor:.1f} times as fast'}")  # noqa: T201


def proved(history: Sequence[Migration], server: StagingServer) -> Run:
    """All but the first, which only makes the schema where the history is ours."""
    with watched_memory() as peak:
        report = prove(history, server, selected={migration.path for migration in history[1:]})
    return Run("gatekeeper verify", len(report.proofs), report.seconds, peak[0])


@contextmanager
def watched_memory() -> Iterator[list[float]]:
    """The most that this process held at once, in MB; looked at every 20 ms."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            peak[0] = max(peak[0], pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def looped(history: Sequence[Migration], server: StagingServer, folder: Path) -> Iterator[Run]:
    """Clone, dump, up, dump, down, dump, up again, dump; then the history itself. The last ones, where it is long."""
    files = [migration for migration in history if _is_plain(migration)]
    if len(files) < len(history):
        return
    with scratch(server) as databases:
        base = databases.create()
        before, measured = history[:-_MOST_IN_LOOP], history[-_MOST_IN_LOOP:]
        for migration in before:
            psql(server, base, migration.path)
        began = time.monotonic()
        for migration in measured:
            one_turn(server, databases, base, migration)
        yield Run("psql and pg_dump in a loop", len(measured), time.monotonic() - began)


def _is_plain(migration: Migration) -> bool:
    return migration.path.suffix == ".sql" and migration.down_path is not None and migration.down_path.is_file()


def one_turn(server: StagingServer, databases: Scratch, base: str, migration: Migration) -> None:
    assert migration.down_path is not None
    copy = databases.create(base)
    before = dump(server, copy)
    up = psql(server, copy, migration.path)
    between = dump(server, copy)
    down = psql(server, copy, migration.down_path)
    after = dump(server, copy)
    again = psql(server, copy, migration.path)
    _ = (up, down, again, before == after, between == dump(server, copy))
    databases.drop(copy)
    psql(server, base, migration.path)


def psql(server: StagingServer, database: str, file: Path) -> bool:
    program = str(embedded_binaries() / "psql")
    command = [program, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(file), url_of(server, database)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def dump(server: StagingServer, database: str) -> bytes:
    program = str(embedded_binaries() / "pg_dump")
    command = [program, "--schema-only", "--restrict-key=x", url_of(server, database)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def by_pytest_alembic(python: str, tables: int, server: StagingServer) -> Run:
    """Its checks of single revisions: up and down one by one, and whether a way down leaves a trace in its tables."""
    steps = list(synthetic(tables, _CHANGES))
    with tempfile.TemporaryDirectory() as place, scratch(server) as databases:
        folder = Path(place)
        as_alembic(steps, folder / "alembic")
        (folder / "alembic" / "env.py").write_text(_ENV, encoding="utf-8")
        (folder / "alembic.ini").write_text(_INI.format(folder=folder / "alembic"), encoding="utf-8")
        url = url_of(server, databases.create()).replace("postgresql://", "postgresql+psycopg://")
        (folder / "conftest.py").write_text(_CONFTEST.format(url=url, ini=str(folder / "alembic.ini")), "utf-8")
        (folder / "test_alembic.py").write_text(_TESTS, encoding="utf-8")
        began = time.monotonic()
        ran = subprocess.run(
            [python, "-m", "pytest", "-q", folder], capture_output=True, text=True, check=False, cwd=folder
        )
        seconds = time.monotonic() - began
    verdict = (ran.stdout.strip().splitlines() or ["no answer"])[-1]
    return Run(f"pytest-alembic ({verdict.split(' in ')[0].strip('= ')})"[:34], len(steps), seconds)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2]))
