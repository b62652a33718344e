"""What the guard promises, asked of a real server: nobody waits longer than the budget, and nothing happens twice."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gatekeeper.apply.attempt import Patience, attempt
from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.migrate import Listener, migrate
from gatekeeper.apply.plan import plan
from gatekeeper.apply.progress import ChangedHalfway
from gatekeeper.apply.refusals import LockNotAcquired, MigrationFailed, TrafficTooSlow, WorkTooLong
from gatekeeper.apply.session import MIGRATING
from gatekeeper.apply.statements import planned
from gatekeeper.apply.target import SettingsNotInForce, put_in_force
from gatekeeper.apply.terms import Terms
from gatekeeper.model.applied import Attempt
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Migration
from tests.apply.cut import cutting
from tests.apply.test_migrate import COLUMN, ORDERS, has_column, holding, value
from tests.migrations_lint.scripts import migration

BUDGET = Budget(max_stall=0.2, give_up_after=20)
MARGIN = 0.05


@pytest.fixture
def orders(target: str) -> str:
    migrate(target, [ORDERS], BUDGET)
    return target


@contextmanager
def traffic(url: str, *, sessions: int, lasts: float) -> Iterator[None]:
    """Sessions that read the table in transactions of that many seconds, one after the other."""
    stop = threading.Event()

    def read() -> None:
        with psycopg.connect(url, application_name="the application") as connection:
            while not stop.is_set():
                connection.execute("SELECT count(*) FROM orders WHERE id = 4711")
                stop.wait(lasts)
                connection.rollback()

    threads = [threading.Thread(target=read) for _ in range(sessions)]
    for thread in threads:
        thread.start()
        time.sleep(lasts / sessions)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_statement_that_works_under_its_lock_is_cancelled_before_anyone_has_waited_for_the_budget(
    orders: str,
) -> None:
    slow = migration("ALTER TABLE orders ADD COLUMN paid boolean; SELECT pg_sleep(2);", name="2")
    attempts: list[Attempt] = []

    with traffic(orders, sessions=4, lasts=0.01), pytest.raises(WorkTooLong, match="200 ms"):
        migrate(orders, [ORDERS, slow], BUDGET, listener=Listener(tried=attempts.append))

    overran = [one for one in attempts if "user request" in one.outcome]  # another try may not have got its lock
    assert len(overran) == 2  # not again and again, for it would go likewise
    assert all(0 < one.stall.worst_seconds <= BUDGET.max_stall + MARGIN for one in overran)
    assert not has_column(orders)


def test_where_ordinary_transactions_take_longer_than_the_budget_nothing_is_tried(orders: str) -> None:
    with traffic(orders, sessions=6, lasts=0.3), pytest.raises(TrafficTooSlow, match="--max-stall") as caught:
        migrate(orders, [ORDERS, COLUMN], Budget(max_stall=0.05, give_up_after=20))

    assert caught.value.exit_code == 4
    assert "the application" in str(caught.value)
    assert "4711" not in str(caught.value)
    assert not has_column(orders)


def test_the_waits_for_several_tables_share_one_budget(target: str) -> None:
    """Each LOCK has the whole lock_timeout for itself; tables freed one after the other would take all of them."""
    tables = [migration(f"CREATE TABLE t{n} (a int);", name=f"{n}") for n in range(4)]
    change = migration("".join(f"ALTER TABLE t{n} ADD COLUMN paid int;" for n in range(4)), name="9")
    migrate(target, tables, BUDGET)
    ((_, (batch,)),) = planned([*tables, change], [change], 18)
    began, freed = threading.Event(), [0.1, 0.2, 0.3, 0.4]

    def hold(number: int) -> None:
        with psycopg.connect(target) as connection:
            connection.execute(f"SELECT * FROM t{number}".encode())
            holds.release()
            began.wait()
            time.sleep(freed[number])

    holds = threading.Semaphore(0)
    with ThreadPoolExecutor(4) as pool, psycopg.connect(target, autocommit=True) as connection:
        pool.map(hold, range(4))
        for _ in range(4):
            holds.acquire()
        began.set()
        lockable = [demand.relation for demand in batch.demands]
        tried = attempt(connection, batch, lockable, Patience(0.25), lambda _: None)

    assert tried.error is not None
    assert tried.error.sqlstate == "55P03"
    assert tried.waited <= 0.25 + MARGIN
    assert not has_column(target)


def test_a_migration_of_several_transactions_goes_on_where_it_failed(orders: str) -> None:
    def steps(last: str) -> Migration:
        text = (
            f"ALTER TABLE orders ADD COLUMN paid boolean;\nCREATE INDEX CONCURRENTLY found ON orders (paid);\n{last};"
        )
        return migration(text, name="2", in_transaction=False)

    with pytest.raises(MigrationFailed, match="42P01"):
        migrate(orders, [ORDERS, steps("ALTER TABLE nothing ADD COLUMN a int")], BUDGET)
    assert value(orders, "SELECT count(*) FROM gatekeeper_progress") == 2

    changed = migration("SELECT 1; SELECT 2; SELECT 3;", name="2", in_transaction=False)
    with pytest.raises(ChangedHalfway, match="part 1"):
        migrate(orders, [ORDERS, changed], BUDGET)
    (applied,) = migrate(orders, [ORDERS, steps("ALTER TABLE orders ADD COLUMN sent int")], BUDGET).applied

    assert [one.transaction for one in applied.attempts] == [3]
    assert value(orders, "SELECT count(*) FROM gatekeeper_progress") == 0
    assert value(orders, "SELECT count(*) FROM gatekeeper_migrations") == 2


@pytest.mark.parametrize("passes_on", [True, False], ids=["after it was sent", "before it was sent"])
def test_a_connection_lost_in_commit_is_resolved_from_the_bookkeeping(orders: str, passes_on: bool) -> None:
    heard: list[str] = []
    with cutting(orders, "COMMIT", passes_on=passes_on) as cut:
        (applied,) = migrate(cut.url, [ORDERS, COLUMN], BUDGET, listener=Listener(waits=heard.append)).applied

    assert cut.done == 1
    assert applied.tries == (1 if passes_on else 2)
    assert any("connection was lost" in line for line in heard)
    assert has_column(orders)
    assert value(orders, "SELECT count(*) FROM gatekeeper_migrations WHERE id = '2'") == 1


def test_what_a_killed_run_has_left_waiting_is_ended_before_the_next_begins(orders: str) -> None:
    with ExitStack() as stack:
        held = stack.enter_context(holding(orders))
        orphan: Connection[Any] = stack.enter_context(psycopg.connect(orders, application_name=MIGRATING))
        stack.callback(orphan.close)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(orphan.execute, "ALTER TABLE orders ADD COLUMN late int")
            time.sleep(0.2)
            held.cancel()
            with pytest.raises(LockNotAcquired):
                migrate(orders, [ORDERS, COLUMN], Budget(max_stall=0.1, give_up_after=2.5))
            with pytest.raises(psycopg.errors.AdminShutdown):
                waiting.result()


def test_only_sessions_of_named_roles_are_ended_and_each_is_told(server: StagingServer, orders: str) -> None:
    heard: list[str] = []
    role = f"reporting_{value(orders, 'SELECT oid FROM pg_database WHERE datname = current_database()')}"
    with psycopg.connect(orders, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON orders TO {role}".encode())
    try:
        theirs = psycopg.connect(orders, user=role)
        theirs.execute("SELECT * FROM orders")
        migrate(
            orders, [ORDERS, COLUMN], BUDGET, terms=Terms(cancel={role: 0.5}), listener=Listener(waits=heard.append)
        )
        with pytest.raises(psycopg.OperationalError):
            theirs.execute("SELECT 1")
    finally:
        with psycopg.connect(orders, autocommit=True) as admin:
            admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())

    assert sum("ended as allowed" in line for line in heard) == 1


def test_settings_that_a_role_may_not_set_are_refused_and_not_believed(orders: str) -> None:
    with psycopg.connect(orders, autocommit=True) as connection:
        put_in_force(connection, {"lock_timeout": "1500ms", "statement_timeout": "5s"})
        with pytest.raises(SettingsNotInForce):
            put_in_force(connection, {"client_connection_check_interval": "-5s"})


def test_a_plan_says_what_runs_what_it_locks_and_the_way_back_and_changes_nothing(orders: str) -> None:
    told = plan(orders, [ORDERS, COLUMN], Terms())

    (planned,) = told.migrations
    (part,) = planned.parts
    assert [(str(one.relation), one.mode.value) for one in part.demands] == [("public.orders", "ACCESS EXCLUSIVE")]
    assert [one.row for one in told.undo] == [4, 9]
    assert {item.subject for item in told.preflight} >= {"server", "role", "transactions", "connections"}
    assert not has_column(orders)


def test_each_statement_is_told_with_its_rows_and_what_was_written(orders: str) -> None:
    rows = migration("INSERT INTO orders SELECT generate_series(1, 1000);\nCREATE INDEX ON orders (note);", name="2")

    (applied,) = migrate(orders, [ORDERS, rows], BUDGET).applied
    (attempt,) = applied.attempts
    first, second = attempt.statements

    assert (first.line, first.rows, second.line, second.rows) == (1, 1000, 2, None)
    assert first.wal_bytes > 50_000
    assert 0 <= attempt.held <= attempt.seconds
    assert sum(run.seconds for run in attempt.statements) <= attempt.seconds


def test_what_a_migration_leaves_set_in_the_session_reaches_neither_the_bookkeeping_nor_the_next_one(
    orders: str,
) -> None:
    dump = migration("SELECT set_config('search_path', '', false);\nCREATE TABLE public.a (b int);", name="2")
    owner = migration("SET ROLE pg_monitor;\nSET search_path TO pg_catalog;", name="3")
    after = migration("CREATE TABLE c (d int);", name="4")

    applied = migrate(orders, [ORDERS, dump, owner, after], BUDGET).applied

    assert [one.id for one in applied] == ["2", "3", "4"]
    assert value(orders, "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'c'")


def test_a_constraint_that_fails_at_commit_is_told_as_such(orders: str) -> None:
    deferred = migration(
        "CREATE TABLE lines (of bigint REFERENCES orders DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO lines VALUES (4711);",
        name="2",
    )

    with pytest.raises(MigrationFailed, match="23503") as caught:
        migrate(orders, [ORDERS, deferred], BUDGET)

    assert "COMMIT" in str(caught.value)
    assert value(orders, "SELECT to_regclass('lines')") is None
