"""CONCURRENTLY: what a try left is found again and cleared away, what came of it is read, and others are left alone."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.build_note import InvalidIndexInTheWay
from gatekeeper.apply.migrate import Listener, migrate, pending
from gatekeeper.apply.refusals import LockNotAcquired, MigrationFailed
from gatekeeper.apply.session import MIGRATING
from migrations_lint.model import Migration
from tests.conftest import until
from tests.migrations_lint.scripts import migration

BUDGET = Budget(max_stall=0.3, give_up_after=20)
IMPATIENT = Budget(max_stall=0.3, give_up_after=1)
ORDERS = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text)",
    "INSERT INTO orders SELECT n, 'x' FROM generate_series(1, 99) n",
)
WAITING = "SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'"


def alone(sql: str, name: str = "2") -> Migration:
    return migration(sql, name=name, in_transaction=False)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def indexes(url: str) -> dict[str, bool]:
    return dict(
        rows(
            url,
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE i.indrelid = 'orders'::regclass AND NOT i.indisprimary ORDER BY 1",
        )
    )


@contextmanager
def writing(url: str) -> Iterator[Connection[Any]]:
    """A session with a row of the table that it has not committed."""
    with psycopg.connect(url, application_name="a long import") as connection:
        connection.execute("UPDATE orders SET note = 'long' WHERE id = 9")
        yield connection


@pytest.fixture
def orders(target: str) -> str:
    change(target, *ORDERS)
    return target


BUILD = alone("CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_note ON orders (note);")


def test_a_build_that_gave_way_is_named_cleared_away_and_built_by_the_next_run(orders: str) -> None:
    with writing(orders) as writer:
        with pytest.raises(LockNotAcquired) as caught:
            migrate(orders, [BUILD], IMPATIENT)
        assert "a long import" in str(caught.value)
        assert "left for the next run to drop: the invalid index public.orders_note" in str(caught.value)
        assert indexes(orders) == {"orders_note": False}
        writer.rollback()

    migrate(orders, [BUILD], BUDGET)

    assert indexes(orders) == {"orders_note": True}
    assert rows(orders, "SELECT count(*) FROM gatekeeper_builds") == [(0,)]
    assert pending(orders, [BUILD]) == ()


def test_an_invalid_index_that_we_did_not_make_is_left_alone_and_if_not_exists_is_not_believed(orders: str) -> None:
    change(orders, "UPDATE orders SET note = id")
    change(orders, "INSERT INTO orders VALUES (100, '1')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        change(orders, "CREATE UNIQUE INDEX CONCURRENTLY orders_note ON orders (note)")

    with pytest.raises(InvalidIndexInTheWay, match=r"DROP INDEX CONCURRENTLY public\.orders_note"):
        migrate(orders, [BUILD], BUDGET)
    assert indexes(orders) == {"orders_note": False}

    change(orders, "DROP INDEX CONCURRENTLY orders_note")
    migrate(orders, [BUILD], BUDGET)
    assert indexes(orders) == {"orders_note": True}


def test_an_index_that_nobody_named_is_found_too(orders: str) -> None:
    change(orders, "INSERT INTO orders VALUES (100, 'x')")
    build = alone("CREATE UNIQUE INDEX CONCURRENTLY ON orders (note);")

    with pytest.raises(MigrationFailed, match="23505"):
        migrate(orders, [build], BUDGET)

    assert indexes(orders) == {}


def test_what_reindex_left_is_dropped_and_no_other(orders: str) -> None:
    change(orders, "CREATE INDEX orders_note ON orders (note)", "CREATE INDEX other ON orders (id, note)")
    change(orders, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other'::regclass")
    reindex = alone("REINDEX INDEX CONCURRENTLY orders_note;")

    with writing(orders) as writer:
        with pytest.raises(LockNotAcquired):
            migrate(orders, [reindex], IMPATIENT)
        assert indexes(orders) == {"orders_note": True, "orders_note_ccnew": False, "other": False}
        writer.rollback()
    migrate(orders, [reindex], BUDGET)

    assert indexes(orders) == {"orders_note": True, "other": False}


def test_a_detached_partition_is_finalised_by_the_next_run(target: str) -> None:
    change(
        target,
        "CREATE TABLE orders (id bigint, year int) PARTITION BY LIST (year)",
        "CREATE TABLE orders_2020 PARTITION OF orders FOR VALUES IN (2020)",
    )
    detach = alone("ALTER TABLE orders DETACH PARTITION orders_2020 CONCURRENTLY;")
    pending_detach = "SELECT inhdetachpending FROM pg_inherits"

    with psycopg.connect(target) as reader:
        reader.execute("SELECT * FROM orders")
        with pytest.raises(LockNotAcquired):
            migrate(target, [detach], IMPATIENT)
        assert rows(target, pending_detach) == [(True,)]
        reader.rollback()
    migrate(target, [detach], BUDGET)

    assert rows(target, pending_detach) == []
    assert pending(target, [detach]) == ()


def test_who_only_vacuums_does_not_stop_a_build(orders: str) -> None:
    with ThreadPoolExecutor(2) as pool, writing(orders) as writer:
        running = pool.submit(migrate, orders, [BUILD], BUDGET)
        until(lambda: rows(orders, WAITING))
        vacuum = pool.submit(change, orders, "VACUUM orders")
        time.sleep(BUDGET.max_stall + 0.4)
        assert not vacuum.done()
        writer.commit()
        (applied,) = running.result().applied
        vacuum.result()

    assert applied.tries == 1


def test_a_build_gives_way_to_who_would_hold_up_traffic_behind_it(orders: str) -> None:
    with ThreadPoolExecutor(2) as pool, writing(orders) as writer:
        running = pool.submit(migrate, orders, [BUILD], BUDGET)
        until(lambda: rows(orders, WAITING))
        locker = pool.submit(change, orders, "DO $$ BEGIN LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE; END $$")
        until(lambda: not rows(orders, WAITING))
        writer.commit()
        locker.result()
        (applied,) = running.result().applied

    assert applied.tries > 1
    assert applied.stall.worst_seconds < BUDGET.max_stall + 0.3
    assert indexes(orders) == {"orders_note": True}


def test_how_far_it_is_is_told_while_it_works(orders: str) -> None:
    shown: list[str] = []
    with ThreadPoolExecutor(1) as pool, writing(orders) as writer:
        running = pool.submit(migrate, orders, [BUILD], BUDGET, listener=Listener(shows=shown.append))
        until(lambda: shown)
        writer.commit()
        running.result()

    assert shown[0] == "2.sql: waiting for writers before build (0 of 1 transactions have ended)"


def test_what_is_allowed_in_a_transaction_gets_one_so_that_it_is_never_done_twice(orders: str) -> None:
    both = alone("UPDATE orders SET note = note || 'x' WHERE id = 1;\nCREATE INDEX CONCURRENTLY i ON orders (note);")

    with ThreadPoolExecutor(1) as pool, writing(orders) as writer:
        running = pool.submit(migrate, orders, [both], BUDGET)
        until(lambda: rows(orders, WAITING))
        change(orders, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{MIGRATING}'")
        writer.commit()
        running.result()

    assert rows(orders, "SELECT note FROM orders WHERE id = 1") == [("xx",)]
    assert indexes(orders) == {"i": True}
