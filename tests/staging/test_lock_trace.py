"""What the trace says of known statements is what PostgreSQL's manual says."""

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.lock_trace import StatementFailed, observe, trace
from migrations_lint.model import Fragment, LockMode, Script, Source, Work

SCHEMA = "CREATE TABLE p (id integer PRIMARY KEY, n integer); CREATE TABLE c (id integer, p integer, v varchar(9))"


@pytest.mark.parametrize(
    ("sql", "relation", "mode", "work"),
    [
        ("CREATE INDEX ON c (v)", "c", LockMode.SHARE, Work.INDEX_BUILD),
        ("CREATE INDEX CONCURRENTLY ON c (v)", "c", LockMode.SHARE_UPDATE_EXCLUSIVE, Work.INDEX_BUILD),
        ("ALTER TABLE c ALTER id TYPE bigint", "c", LockMode.ACCESS_EXCLUSIVE, Work.REWRITE),
        ("ALTER TABLE c ALTER v SET NOT NULL", "c", LockMode.ACCESS_EXCLUSIVE, Work.SCAN),
        ("ALTER TABLE c ALTER v TYPE text", "c", LockMode.ACCESS_EXCLUSIVE, Work.INSTANT),
        ("ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p", "p", LockMode.SHARE_ROW_EXCLUSIVE, Work.INSTANT),
        ("DROP TABLE c", "c", LockMode.ACCESS_EXCLUSIVE, Work.INSTANT),
        ("VACUUM c", "c", LockMode.SHARE_UPDATE_EXCLUSIVE, Work.SCAN),
        ("UPDATE c SET p = 1", "c", LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE),
    ],
)  # fmt: skip
def test_a_statement_locks_and_works_as_the_manual_says(
    connection: Connection[Any], sql: str, relation: str, mode: LockMode, work: Work
) -> None:
    connection.execute(SCHEMA.encode())
    facts = {fact.relation.name: fact for fact in observe(connection, sql)}

    assert (facts[relation].mode, facts[relation].work) == (mode, work)


def one_script(sql: str, *, in_transaction: bool = True) -> Script:
    return Script((Fragment(sql, Source(Path("x.sql"), sql), 0, len(sql), in_transaction=in_transaction),))


def test_a_lock_is_held_to_the_end_of_its_transaction(connection: Connection[Any]) -> None:
    connection.execute(SCHEMA.encode())
    traced = trace(connection, one_script("ALTER TABLE c ADD COLUMN z integer;\nSELECT pg_sleep(0.2);"))

    (lock,) = [lock for lock in traced.statements[0].locks if lock.relation.name == "c"]
    assert lock.held_seconds >= 0.2 > traced.statements[0].seconds
    assert [statement.line for statement in traced.statements] == [1, 2]


def test_a_script_that_fails_in_its_transaction_leaves_nothing(connection: Connection[Any]) -> None:
    with pytest.raises(StatementFailed) as caught:
        trace(connection, one_script("CREATE TABLE kept (id integer); SELECT 1 / 0"))

    assert caught.value.statement == "SELECT 1 / 0"
    assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_outside_a_transaction_what_ran_before_the_failure_stays(connection: Connection[Any]) -> None:
    with pytest.raises(StatementFailed):
        trace(connection, one_script("CREATE TABLE kept (id integer); SELECT 1 / 0", in_transaction=False))

    assert connection.execute("SELECT to_regclass('kept')").fetchone() == ("kept",)


def test_a_concurrent_build_in_a_transaction_is_refused_as_in_production(connection: Connection[Any]) -> None:
    connection.execute(SCHEMA.encode())
    with pytest.raises(StatementFailed) as caught:
        trace(connection, one_script("CREATE INDEX CONCURRENTLY late ON c (v)"))

    assert caught.value.cause.sqlstate == "25001"
