"""What the trace says of known statements is what PostgreSQL's manual says."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.lock_probe import LockProbe
from gatekeeper.staging.lock_trace import StatementFailed, observe, trace
from gatekeeper.staging.server import StagingServer
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


def probed(server: StagingServer, name: str, script: Script) -> dict[str, tuple[bool, bool]]:
    with contextlib.closing(server.connect(name)) as inside, contextlib.closing(server.connect(name)) as outside:
        found = trace(inside, script, probe=LockProbe(outside))
    return {wait.relation.name: (wait.reads, wait.writes) for wait in found.waits}


@pytest.mark.parametrize(
    ("sql", "waits"),
    [
        ("CREATE INDEX ON c (v)", {"c": (False, True)}),
        ("CREATE INDEX CONCURRENTLY ON c (v)", {}),
        ("ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p", {"c": (False, True), "p": (False, True)}),
        ("ALTER TABLE p RENAME TO q", {"p": (True, True)}),  # by the name that it has for everybody else
        ("BEGIN; CREATE TABLE fresh (id int); CREATE INDEX ON fresh (id); COMMIT", {}),
        ("INSERT INTO c VALUES (1, 1, '')", {}),
        ("BEGIN; DROP TABLE c; COMMIT; SELECT 1", {"c": (True, True)}),
        ("ALTER TABLE c VALIDATE CONSTRAINT c_check", {}),
    ],
)  # fmt: skip
def test_who_waits_is_what_another_session_meets(
    connection: Connection[Any], server: StagingServer, sql: str, waits: dict[str, tuple[bool, bool]]
) -> None:
    connection.execute(f"{SCHEMA}; ALTER TABLE c ADD CONSTRAINT c_check CHECK (id > 0) NOT VALID".encode())

    assert probed(server, connection.info.dbname, one_script(sql, in_transaction=False)) == waits


def test_a_lock_is_told_by_the_statement_that_took_it(connection: Connection[Any]) -> None:
    connection.execute(SCHEMA.encode())
    first, second, third = trace(
        connection, one_script("CREATE INDEX ON c (v); CREATE INDEX ON p (n); ALTER TABLE c ALTER id TYPE bigint")
    ).statements

    assert [str(lock.relation) for lock in first.locks] == ["public.c"]
    assert [str(lock.relation) for lock in second.locks] == ["public.p"]
    assert second.index_builds == (second.locks[0].relation,)
    assert third.rewrites == (first.locks[0].relation,)


def test_what_a_statement_writes_to_the_log_grows_with_its_work(connection: Connection[Any]) -> None:
    connection.execute(f"{SCHEMA}; INSERT INTO c SELECT n, n, 'x' FROM generate_series(1, 20000) n".encode())
    instant, rewrite = trace(
        connection, one_script("ALTER TABLE c ADD COLUMN z integer; ALTER TABLE c ALTER id TYPE bigint")
    ).statements

    assert instant.wal_bytes is not None
    assert rewrite.wal_bytes is not None
    assert rewrite.wal_bytes > 100_000 > instant.wal_bytes


def test_a_scan_in_a_second_transaction_is_seen_too(connection: Connection[Any]) -> None:
    connection.execute(SCHEMA.encode())
    traced = trace(connection, one_script("ALTER TABLE c ALTER v SET NOT NULL; ALTER TABLE c ALTER p SET NOT NULL"))

    assert [[str(table) for table in one.scans] for one in traced.statements] == [["public.c"], ["public.c"]]
