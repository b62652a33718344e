"""A marked statement runs in batches, each key once, whatever happens in between."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.checkpoint import BackfillChanged
from gatekeeper.apply.keys import KeyDoesNotFit
from gatekeeper.apply.migrate import Listener, migrate, pending
from gatekeeper.apply.refusals import MigrationFailed
from gatekeeper.apply.statements import CannotApply
from migrations_lint.model import Migration
from tests.migrations_lint.scripts import migration

BUDGET = Budget(max_stall=0.3, give_up_after=20)
MARK = "-- gatekeeper: backfill by id in batches of 100\n"
TOUCH = MARK + "UPDATE orders SET touched = touched + 1;"
ORDERS = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text, touched int NOT NULL DEFAULT 0);"
    "INSERT INTO orders SELECT n * 7, 'note ' || n FROM generate_series(1, 950) n;"
)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def change(url: str, sql: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(sql.encode())


@pytest.fixture
def orders(target: str) -> str:
    change(target, ORDERS)
    return target


def test_every_row_is_touched_once_in_batches_of_their_own(orders: str) -> None:
    (applied,) = migrate(orders, [migration(TOUCH)], BUDGET).applied

    assert rows(orders, "SELECT touched, count(*), count(DISTINCT xmin::text) FROM orders GROUP BY 1") == [(1, 950, 10)]
    (attempt,) = applied.attempts
    assert (attempt.outcome, attempt.statements[0].rows) == ("committed in 10 batches", 950)
    assert pending(orders, [migration(TOUCH)]) == ()
    assert rows(orders, "SELECT count(*) FROM gatekeeper_backfills") == [(0,)]


def test_what_stops_in_the_middle_goes_on_behind_the_last_batch(orders: str) -> None:
    change(orders, "ALTER TABLE orders ADD CONSTRAINT odd CHECK (id <> 3500 OR touched = 0)")
    with pytest.raises(MigrationFailed, match="23514"):
        migrate(orders, [migration(TOUCH)], BUDGET)
    assert rows(orders, "SELECT sum(touched) FROM orders") == [(400,)]
    change(orders, "ALTER TABLE orders DROP CONSTRAINT odd")
    told: list[str] = []

    migrate(orders, [migration(TOUCH)], BUDGET, listener=Listener(waits=told.append))

    assert rows(orders, "SELECT touched, count(*) FROM orders GROUP BY 1") == [(1, 950)]
    assert "2.sql: going on behind the key 2800" in told


def test_a_statement_that_has_changed_meanwhile_is_not_gone_on_with(orders: str) -> None:
    change(orders, "ALTER TABLE orders ADD CONSTRAINT odd CHECK (id <> 3500 OR touched = 0)")
    with pytest.raises(MigrationFailed):
        migrate(orders, [migration(TOUCH)], BUDGET)

    with pytest.raises(BackfillChanged, match="2800"):
        migrate(orders, [migration(TOUCH.replace("+ 1", "+ 2"))], BUDGET)

    smaller = TOUCH.replace("100", "10")
    change(orders, "ALTER TABLE orders DROP CONSTRAINT odd")
    migrate(orders, [migration(smaller)], BUDGET)
    assert rows(orders, "SELECT touched, count(*) FROM orders GROUP BY 1") == [(1, 950)]


def test_what_stands_before_and_behind_it_runs_in_transactions_of_its_own(orders: str) -> None:
    change_all = migration(
        f"ALTER TABLE orders ADD COLUMN paid boolean;\n{TOUCH}\nALTER TABLE orders DROP COLUMN paid;"
    )

    (applied,) = migrate(orders, [change_all], BUDGET).applied

    assert [attempt.transaction for attempt in applied.attempts] == [1, 2, 3]
    assert rows(orders, "SELECT sum(touched) FROM orders") == [(950,)]


def test_who_wants_a_row_of_it_does_not_wait_and_it_waits_for_who_has_one(orders: str) -> None:
    with psycopg.connect(orders) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT FROM orders WHERE id = 1400 FOR UPDATE")
        running = pool.submit(migrate, orders, [migration(TOUCH)], BUDGET)
        time.sleep(1)
        assert not running.done()
        began = time.monotonic()
        change(orders, "UPDATE orders SET note = 'mine' WHERE id = 1393")
        waited = time.monotonic() - began
        other.rollback()
        (applied,) = running.result().applied

    assert waited < BUDGET.max_stall + 0.3
    assert len(applied.attempts) > 1
    assert rows(orders, "SELECT touched, count(*) FROM orders GROUP BY 1") == [(1, 950)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders AS o SET touched = 5 FROM others x WHERE x.id = o.id OR o.note LIKE '%1' -- not the end\n"
        "RETURNING o.id",
        "DELETE FROM orders USING others x WHERE x.id = orders.id AND orders.note <> 'WHERE'",
        "WITH few AS (SELECT id FROM others WHERE id > 700) UPDATE orders SET note = (SELECT max(note) FROM others) "
        "WHERE id IN (SELECT id FROM few)",
        "UPDATE public.orders SET note = CASE WHEN id > 99 THEN '(' ELSE ')' END",
    ],
)
def test_in_batches_it_does_what_it_does_in_one_piece(orders: str, statement: str) -> None:
    change(
        orders,
        "CREATE TABLE others AS SELECT id, note FROM orders WHERE id % 3 = 0",
    )
    with psycopg.connect(orders) as connection:
        connection.execute(statement.encode())
        expected = connection.execute("SELECT * FROM orders ORDER BY id").fetchall()
        connection.rollback()

    migrate(orders, [migration(MARK + statement)], BUDGET)

    assert rows(orders, "SELECT * FROM orders ORDER BY id") == expected


@pytest.mark.parametrize("kind", ["uuid", "text", "numeric", "timestamptz"])
def test_it_goes_by_keys_of_any_kind(target: str, kind: str) -> None:
    value = {
        "uuid": "md5(n::text)::uuid",
        "text": "'it''s ' || chr(64 + n)",
        "numeric": "n / 7.0",
        "timestamptz": "now() + n * interval '7 us'",
    }[kind]
    change(
        target,
        f'CREATE TABLE "Odd one" ("The key" {kind} PRIMARY KEY, touched int NOT NULL DEFAULT 0);'
        f'INSERT INTO "Odd one" SELECT {value} FROM generate_series(1, 57) n',
    )
    marked = '-- gatekeeper: backfill by "The key" in batches of 10\nUPDATE "Odd one" SET touched = touched + 1'

    migrate(target, [migration(marked)], BUDGET)

    query = 'SELECT touched, count(*), count(DISTINCT xmin::text) FROM "Odd one" GROUP BY 1'
    assert rows(target, query) == [(1, 57, 6)]


def test_an_empty_table_is_done_at_once(target: str) -> None:
    change(target, "CREATE TABLE orders (id bigint PRIMARY KEY, touched int)")

    assert len(migrate(target, [migration(TOUCH)], BUDGET).applied) == 1


@pytest.mark.parametrize(
    ("column", "statement", "wrong"),
    [
        ("nothing", "UPDATE orders SET touched = 1", "no column nothing"),
        ("note", "UPDATE orders SET touched = 1", "may be null"),
        ("touched", "UPDATE orders SET note = ''", "no valid index"),
        ("id", "UPDATE orders SET id = -id", "writes id"),
    ],
)
def test_a_column_that_does_not_lead_through_the_table_is_refused(
    orders: str, column: str, statement: str, wrong: str
) -> None:
    with pytest.raises(KeyDoesNotFit, match=wrong):
        migrate(orders, [migration(MARK.replace("id", column) + statement)], BUDGET)


@pytest.mark.parametrize(
    "sql",
    ["-- gatekeeper: backfill by id\nUPDATE orders SET touched = 1", MARK + "ALTER TABLE orders ADD COLUMN x int"],
)
def test_a_mark_that_cannot_be_followed_stops_the_run_before_it_begins(orders: str, sql: str) -> None:
    first: Migration = migration("CREATE TABLE never (a int)", name="1")

    with pytest.raises(CannotApply, match="the mark"):
        migrate(orders, [first, migration(sql)], BUDGET)

    assert rows(orders, "SELECT to_regclass('never')") == [(None,)]
