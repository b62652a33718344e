"""Killed anywhere, cut off, or its server crashed: the next run ends the migration, and each change happened once.

What came of it is compared, catalog and rows, with a run that nothing has disturbed. The suite takes the most telling
points; `make soak` kills at many more.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.migrate import migrate
from gatekeeper.apply.session import MIGRATING, TOOL
from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.data_probe import digest
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer, embedded_server
from migrations_lint.history import read_history
from tests.apply.cut import cutting
from tests.apply.test_outside import change, rows
from tests.conftest import until

SOAK = os.environ.get("GATEKEEPER_SOAK") is not None
BUDGET = Budget(max_stall=0.5, give_up_after=30)
HISTORY = {
    "0001_orders": (
        "CREATE TABLE orders (id bigint PRIMARY KEY, note text, touched int NOT NULL DEFAULT 0);\n"
        "INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 2000) n;"
    ),
    "0002_paid": (
        "ALTER TABLE orders ADD COLUMN paid boolean;\n"
        "UPDATE orders SET note = note || ' seen' WHERE id < 10;\n"
        "SELECT pg_sleep(0.4);"
    ),
    "0003_touched": "-- gatekeeper: backfill by id in batches of 50\nUPDATE orders SET touched = touched + 1;",
    "0004_index": (
        "UPDATE orders SET touched = touched + 1 WHERE id = 2000;\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_note ON orders (note);\n"
        "SELECT pg_sleep(0.5);\n"
        "REINDEX INDEX CONCURRENTLY orders_note;\n"
    ),
    "0005_log": "CREATE TABLE log (at int); INSERT INTO log SELECT count(*) FROM orders WHERE touched > 1;",
}
State = tuple[Catalog, object]


def state_of(url: str) -> State:
    """Everything but our own bookkeeping, of which the rows of what is applied count too."""
    with psycopg.connect(url, autocommit=True) as connection:
        applied = connection.execute("SELECT id FROM gatekeeper_migrations ORDER BY 1").fetchall()
        left = connection.execute(
            "SELECT (SELECT count(*) FROM gatekeeper_progress), (SELECT count(*) FROM gatekeeper_builds), "
            "(SELECT count(*) FROM gatekeeper_backfills), (SELECT count(*) FROM pg_index WHERE NOT indisvalid)"
        ).fetchone()
        tables = {name: one for name, one in digest(connection).tables.items() if "gatekeeper_" not in name}
        return catalog_of(connection), (applied, left, tables)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "migrations").mkdir()
    for name, sql in HISTORY.items():
        (folder / "migrations" / f"{name}.sql").write_text(sql)
    return folder


@pytest.fixture(scope="module")
def undisturbed(project: Path, embedded: StagingServer) -> Iterator[State]:
    with scratch(embedded) as databases:
        url = make_conninfo(embedded.url, dbname=databases.create())
        migrate(url, read_history([project / "migrations"]).migrations, BUDGET)
        yield state_of(url)


@contextmanager
def running(project: Path, url: str, *words: str) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "gatekeeper", "migrate", *words],
        cwd=project,
        env={**os.environ, "GATEKEEPER_MIGRATE__URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def next_run(project: Path, url: str) -> None:
    migrate(url, read_history([project / "migrations"]).migrations, BUDGET)


def is_at(url: str, query: str) -> Callable[[], bool]:
    """Whether the migrator is at that statement."""
    return lambda: bool(
        rows(
            url,
            "SELECT FROM pg_stat_activity WHERE datname = current_database() "
            f"AND application_name = '{MIGRATING}' AND state = 'active' AND query LIKE '{query}%'",
        )
    )


def has_come(url: str, keys: int) -> Callable[[], bool]:
    def reached() -> bool:
        if not rows(url, "SELECT to_regclass('gatekeeper_backfills')")[0][0]:
            return False
        return bool(rows(url, f"SELECT FROM gatekeeper_backfills WHERE keys >= {keys}"))

    return reached


def is_built(url: str) -> Callable[[], bool]:
    return lambda: bool(rows(url, "SELECT FROM pg_index WHERE indexrelid = to_regclass('orders_note') AND indisvalid"))


@contextmanager
def at(point: str, url: str) -> Iterator[None]:
    """When the migrator has come there, and for as long as it is kept there."""
    if point in {"in the DDL", "in a backfill"}:
        until(is_at(url, "SELECT pg_sleep") if point == "in the DDL" else has_come(url, 400))
        yield
        return
    until(has_come(url, 100) if point == "in a build" else is_built(url))
    with psycopg.connect(url) as old:  # the last phases of both wait for every older snapshot
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1")
        until(is_at(url, "CREATE INDEX CONCURRENTLY" if point == "in a build" else "REINDEX"))
        time.sleep(0.2)
        yield


POINTS = ("in the DDL", "in a backfill", "in a build", "in a reindex")


@pytest.mark.parametrize("point", POINTS if SOAK else POINTS[:-1])
def test_killed_at_any_point_the_next_run_ends_it(point: str, project: Path, target: str, undisturbed: State) -> None:
    with running(project, target) as process, at(point, target):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    next_run(project, target)

    assert state_of(target) == undisturbed


@pytest.mark.skipif(not SOAK, reason="make soak")
@pytest.mark.parametrize("after", [n / 10 for n in range(2, 60)])
def test_killed_at_any_time_the_next_run_ends_it(after: float, project: Path, target: str, undisturbed: State) -> None:
    with running(project, target) as process:
        time.sleep(after)
        os.killpg(process.pid, signal.SIGKILL)

    next_run(project, target)

    assert state_of(target) == undisturbed


CUTS = {
    "before the note of a batch": ("UPDATE gatekeeper_backfills", False),
    "behind the note of a batch": ("UPDATE gatekeeper_backfills", True),
    "before a build": ("CREATE INDEX CONCURRENTLY", False),
    "behind a build": ("CREATE INDEX CONCURRENTLY", True),
    "before the note of a build": ("DELETE FROM gatekeeper_builds", False),
    "behind the note of a build": ("DELETE FROM gatekeeper_builds", True),
    "before a reindex": ("REINDEX INDEX", False),
    "behind a reindex": ("REINDEX INDEX", True),
}
IN_THE_SUITE = ("behind the note of a batch", "behind a build")


@pytest.mark.parametrize("point", CUTS if SOAK else IN_THE_SUITE)
def test_cut_off_from_its_server_a_run_goes_on_by_itself(
    point: str, project: Path, target: str, undisturbed: State
) -> None:
    word, passes_on = CUTS[point]
    with cutting(target, word, passes_on=passes_on) as cut:
        next_run(project, cut.url)

    assert cut.done == 1
    assert state_of(target) == undisturbed


@pytest.fixture(scope="module")
def restarting() -> Iterator[StagingServer]:
    with embedded_server() as server:
        yield server


@pytest.mark.parametrize("point", POINTS if SOAK else ["in a backfill"])
def test_when_the_server_crashes_the_run_goes_on_after_its_recovery(
    point: str, project: Path, restarting: StagingServer, undisturbed: State
) -> None:
    with restarting.connect() as connection:
        connection.execute(f'CREATE DATABASE "{point}"')
    url = make_conninfo(restarting.url, dbname=point)
    with running(project, url) as process:
        with suppress(psycopg.OperationalError), at(point, url):
            query = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{MIGRATING}'"
            os.kill(rows(url, query)[0][0], signal.SIGKILL)  # the postmaster ends all the others and recovers
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 0, said.decode()
    assert state_of(url) == undisturbed


def test_a_tool_of_a_killed_run_is_ended_before_the_next_begins(project: Path, target: str) -> None:
    change(target, "CREATE TABLE held (a int)")
    held = "BEGIN; LOCK TABLE held; SELECT pg_sleep(60); COMMIT"
    with running(project, target, "--exec", "--", "psql", "-c", held) as process:
        until(lambda: rows(target, "SELECT FROM pg_locks WHERE relation = to_regclass('held')"))
        os.kill(process.pid, signal.SIGKILL)  # and not its group: the tool lives on
        process.wait()
        next_run(project, target)

    assert rows(target, f"SELECT FROM pg_stat_activity WHERE starts_with(application_name, '{TOOL}')") == []
