"""A migration gets in, or gives way; nobody waits longer than the budget; each one runs once."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.migrate import migrate, pending
from gatekeeper.apply.refusals import LockNotAcquired, MigrationFailed
from gatekeeper.apply.session import BehindPooler, DatabaseUnreachable, direct
from gatekeeper.apply.statements import CannotApply
from migrations_lint.history import read_history
from migrations_lint.model import Migration
from tests.apply.pooler import pooled
from tests.migrations_lint.scripts import migration

BUDGET = Budget(max_stall=0.2, give_up_after=20)
ORDERS = migration("CREATE TABLE orders (id bigint PRIMARY KEY, note text);", name="1")
COLUMN = migration("ALTER TABLE orders ADD COLUMN paid boolean;", name="2")


def value(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


@contextmanager
def holding(url: str) -> Iterator[Connection[Any]]:
    """A session that has read the table and keeps its transaction open."""
    with psycopg.connect(url, application_name="a long report") as connection:
        connection.execute("SELECT count(*) FROM orders WHERE note = 'secret words'")
        yield connection


def has_column(url: str) -> bool:
    return bool(value(url, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'paid'"))


def test_what_is_pending_is_applied_once_and_in_order(target: str) -> None:
    history = [ORDERS, COLUMN]

    assert [one.id for one in pending(target, history)] == ["1", "2"]
    assert [one.id for one in migrate(target, history, BUDGET).applied] == ["1", "2"]
    assert migrate(target, history, BUDGET).applied == ()
    assert pending(target, history) == ()


def test_looking_at_what_is_pending_changes_nothing(target: str) -> None:
    pending(target, [ORDERS])

    assert value(target, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_it_gives_way_names_the_session_and_changes_nothing(target: str) -> None:
    migrate(target, [ORDERS], BUDGET)

    with holding(target), pytest.raises(LockNotAcquired) as caught:
        migrate(target, [ORDERS, COLUMN], Budget(max_stall=0.1, give_up_after=1.5))

    assert caught.value.exit_code == 4
    assert caught.value.blockers[0].application == "a long report"
    assert "secret words" not in str(caught.value)
    assert not has_column(target)


def test_it_gets_in_after_the_long_transaction_and_no_reader_waits_longer_than_the_budget(target: str) -> None:
    migrate(target, [ORDERS], BUDGET)
    stop, waits = threading.Event(), []

    def read() -> None:
        with psycopg.connect(target, autocommit=True) as connection:
            while not stop.is_set():
                began = time.monotonic()
                connection.execute("SELECT count(*) FROM orders")
                waits.append(time.monotonic() - began)
                time.sleep(0.01)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with ThreadPoolExecutor(1) as pool, holding(target):
            migrating = pool.submit(migrate, target, [ORDERS, COLUMN], BUDGET)
            time.sleep(2)
            assert not migrating.done()
    finally:
        stop.set()
        reader.join()

    (applied,) = migrating.result().applied
    assert applied.tries == 1
    assert applied.stall.worst_seconds <= BUDGET.max_stall + 0.05
    assert has_column(target)
    assert max(waits) < 1.5  # without the guard it is the two seconds of the long one; a busy test machine adds its own


def test_ten_migrators_at_once_apply_each_migration_once(target: str) -> None:
    history = [ORDERS, COLUMN, *(migration(f"CREATE TABLE t{n} (a int);", name=f"{n}") for n in range(3, 8))]

    with ThreadPoolExecutor(10) as pool:
        reports = list(pool.map(lambda _: migrate(target, history, BUDGET), range(10)))

    applied = [one.id for report in reports for one in report.applied]
    assert sorted(applied) == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_refused_statement_takes_its_whole_migration_back(target: str) -> None:
    broken = migration("CREATE TABLE a (b int);\nALTER TABLE nothing ADD COLUMN x int;", name="2")

    with pytest.raises(MigrationFailed, match="42P01"):
        migrate(target, [ORDERS, broken], BUDGET)

    assert [one.id for one in pending(target, [ORDERS, broken])] == ["2"]
    assert value(target, "SELECT to_regclass('a')") is None


def test_a_migration_that_cannot_be_read_stops_the_run_before_it_begins(target: str) -> None:
    with pytest.raises(CannotApply, match=r"2\.sql:1"):
        migrate(target, [ORDERS, migration("CREATE TABEL a (b int);", name="2")], BUDGET)

    assert value(target, "SELECT to_regclass('orders')") is None


def test_a_failed_concurrent_build_leaves_no_invalid_index(target: str) -> None:
    build = migration("CREATE UNIQUE INDEX CONCURRENTLY one_note ON orders (note);", name="3", in_transaction=False)
    rows = migration("INSERT INTO orders VALUES (1, 'x'), (2, 'x');", name="2")

    with pytest.raises(MigrationFailed, match="23505"):
        migrate(target, [ORDERS, rows, build], BUDGET)

    assert value(target, "SELECT to_regclass('one_note')") is None


def test_alembic_agrees_about_what_is_applied(target: str) -> None:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine

    history = read_history([Path(__file__).parents[2] / "gatekeeper" / "demo" / "clinic" / "migrations"]).migrations
    migrate(target, history, BUDGET)

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(target))
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == history[-1].id
    engine.dispose()


def test_a_server_that_is_not_there_is_one_sentence_without_the_password() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        direct("postgresql://tester:hunter2@127.0.0.1:9/nothing")

    assert "127.0.0.1:9/nothing" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_pooler_is_refused(target: str, tmp_path: Path) -> None:
    with pooled(target, tmp_path) as url, pytest.raises(BehindPooler, match="pooler"):
        migrate(url, [ORDERS], BUDGET)


def test_the_way_of_a_migration_is_its_ledger(target: str) -> None:
    prisma = Migration("1_orders", "prisma", Path("1_orders/migration.sql"), ORDERS.up, None)

    migrate(target, [prisma], BUDGET)

    assert value(target, "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL") == "1_orders"
    assert pending(target, [prisma]) == ()
