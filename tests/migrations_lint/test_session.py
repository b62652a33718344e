"""What a session holds: transactions, savepoints, timeouts. The same scripts are asked of a real server."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.staging.server import StagingServer
from migrations_lint.catalog import replay
from migrations_lint.engine import lint
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import Fragment, Migration, Source
from migrations_lint.parse import parse
from migrations_lint.session import Session, milliseconds
from migrations_lint.snapshot import SchemaSnapshot
from tests.migrations_lint.scripts import migration


def session_after(*statements: str, schema: SchemaSnapshot | None = None) -> Session:
    """The session of a script that its tool does not wrap."""
    schema = schema if schema is not None else SchemaSnapshot()
    session = Session()
    for sql in statements:
        (statement,) = parse(Fragment(sql, Source(Path("a.sql"), sql), 0, len(sql), in_transaction=False)).statements
        session = session.entering(in_transaction=False, schema=schema)
        facts = facts_of(statement, Scene(schema, 15, session.search_path))
        session = session.beginning(facts, schema)
        replay(facts, schema)
        session = session.leaving(facts, schema)
    return session


def test_a_temporary_table_hides_another_of_its_name_and_goes_with_its_session() -> None:
    history = [
        migration("CREATE TABLE orders (id bigint PRIMARY KEY, note text)", name="1"),
        migration("CREATE TEMP TABLE orders (note text); CREATE INDEX a ON orders (note)", name="2"),
        migration("CREATE INDEX a ON orders (note)", name="3"),
    ]

    found = [finding for finding in lint(history).findings if finding.rule == "index-build-blocks-writes"]

    assert [finding.path.name for finding in found] == ["3.sql"]


SCRIPTS = [
    ["SET lock_timeout = '2s'"],
    ["SET LOCAL lock_timeout = '2s'"],
    ["BEGIN", "SET LOCAL lock_timeout = '2s'"],
    ["BEGIN", "SET LOCAL lock_timeout = '2s'", "COMMIT"],
    ["BEGIN", "SET lock_timeout = '2s'", "COMMIT"],
    ["BEGIN", "SET lock_timeout = '2s'", "ROLLBACK"],
    ["SET lock_timeout = '2s'", "BEGIN", "SET LOCAL lock_timeout = '5s'", "ROLLBACK"],
    ["SET lock_timeout = '2s'", "RESET lock_timeout"],
    ["SET lock_timeout = '2s'", "RESET ALL"],
    ["SET lock_timeout = '2s'", "DISCARD ALL"],
    ["SET lock_timeout = '2s'", "SET lock_timeout TO DEFAULT"],
    ["BEGIN", "SET LOCAL lock_timeout = '2s'", "SET lock_timeout = '5s'"],
    ["BEGIN", "SET LOCAL lock_timeout = '2s'", "RESET lock_timeout"],
    ["BEGIN", "SAVEPOINT a", "SET LOCAL lock_timeout = '2s'", "ROLLBACK TO a"],
    ["BEGIN", "SAVEPOINT a", "SET LOCAL lock_timeout = '2s'", "RELEASE a"],
    ["BEGIN", "SET LOCAL lock_timeout = '1s'", "SAVEPOINT a", "SET lock_timeout = '2s'", "ROLLBACK TO a"],
    ["BEGIN", "SAVEPOINT a", "SET LOCAL lock_timeout = '2s'", "SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK TO a"],
    ["BEGIN", "SAVEPOINT a", "SAVEPOINT b", "SET LOCAL lock_timeout = '2s'", "RELEASE a", "COMMIT"],
    ["SELECT set_config('lock_timeout', '2s', false)"],
    ["SELECT set_config('lock_timeout', '2s', true)"],
    ["BEGIN", "SELECT set_config('lock_timeout', '2s', true)"],
    ["BEGIN", "SET LOCAL lock_timeout = '2s'", "COMMIT AND CHAIN"],
    ["START TRANSACTION", "SET LOCAL lock_timeout = 90000", "END"],
    ["BEGIN", "BEGIN", "SET LOCAL lock_timeout = '1.5min'"],
]


@pytest.mark.parametrize("statements", SCRIPTS, ids=" ".join)
def test_the_timeout_in_force_is_the_one_that_postgresql_shows(statements: list[str], server: StagingServer) -> None:
    with server.connect("postgres") as connection:
        connection.autocommit = True
        for statement in statements:
            connection.execute(statement.encode())
        shown = connection.execute("SHOW lock_timeout").fetchone()
        connection.execute("ROLLBACK")

    assert shown is not None
    assert (session_after(*statements).timeout("lock_timeout") or 0) == milliseconds(str(shown[0]))


LOCKS = [
    ["BEGIN", "LOCK a", "SAVEPOINT s", "LOCK b", "ROLLBACK TO s"],
    ["BEGIN", "LOCK a", "SAVEPOINT s", "LOCK b", "RELEASE s"],
    ["BEGIN", "SAVEPOINT s", "LOCK a", "SAVEPOINT t", "LOCK b", "ROLLBACK TO s", "LOCK b"],
    ["BEGIN", "LOCK a", "COMMIT"],
    ["BEGIN", "LOCK a", "ROLLBACK AND CHAIN", "LOCK b"],
]


@pytest.mark.parametrize("statements", LOCKS, ids=" ".join)
def test_the_locks_held_are_those_that_postgresql_shows(statements: list[str], server: StagingServer) -> None:
    schema = SchemaSnapshot()
    with server.connect("postgres") as connection:
        connection.autocommit = True
        connection.execute("CREATE TABLE IF NOT EXISTS a (); CREATE TABLE IF NOT EXISTS b ()")
        for statement in statements:
            connection.execute(statement.encode())
        seen = _locked(connection)
        connection.execute("ROLLBACK; DROP TABLE a, b")
    session_after("CREATE TABLE a ()", "CREATE TABLE b ()", schema=schema)

    assert {lock.relation.name for lock in session_after(*statements, schema=schema).held} == seen


def _locked(connection: psycopg.Connection[Any]) -> set[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
        "WHERE pid = pg_backend_pid() AND relname IN ('a', 'b')"
    )
    return {str(name) for (name,) in rows}


def test_a_rollback_takes_the_schema_back() -> None:
    schema = SchemaSnapshot()

    session = session_after(
        "CREATE TABLE a (x int)", "BEGIN", "ALTER TABLE a ADD y int", "CREATE TABLE b ()", "ROLLBACK", schema=schema
    )

    assert [(str(t.relation), list(t.columns)) for t in schema.tables.values()] == [("public.a", ["x"])]
    assert {str(relation) for relation in session.new} == {"public.a"}


INDEXED = "CREATE TABLE IF NOT EXISTS orders (id int); CREATE INDEX orders_id ON orders (id)"


def blocked_writes(history: list[Migration]) -> list[str]:
    return [finding.path.name for finding in lint(history).findings if finding.rule == "index-build-blocks-writes"]


def test_in_the_first_migration_if_not_exists_may_find_an_old_table() -> None:
    assert blocked_writes([migration(INDEXED, name="1")]) == ["1.sql"]


def test_later_on_a_table_that_no_migration_has_made_is_made_by_if_not_exists() -> None:
    first = migration("CREATE TABLE bills (id int)", name="1")

    assert blocked_writes([first, migration(INDEXED, name="2")]) == []
    assert blocked_writes(
        [first, migration("CREATE TABLE orders (id int)", name="2"), migration(INDEXED, name="3")]
    ) == ["3.sql"]


def test_a_view_that_is_replaced_is_not_new() -> None:
    schema = SchemaSnapshot()

    session = session_after("CREATE TABLE a (x int)", "CREATE VIEW v AS SELECT x FROM a", "BEGIN", schema=schema)
    again = session_after("BEGIN", "CREATE OR REPLACE VIEW v AS SELECT x FROM a", schema=schema)

    assert "public.v" in {str(relation) for relation in session.new}
    assert again.new == frozenset()


@given(st.floats(0, 10_000), st.sampled_from(["us", "ms", "s", "min", "h", "d"]), st.sampled_from(["", " ", "  "]))
def test_a_timeout_is_read_in_every_unit(number: float, unit: str, space: str) -> None:
    read = milliseconds(f"{space}{number:f}{space}{unit}{space}")

    assert read is not None
    assert read == pytest.approx(float(f"{number:f}") * milliseconds(f"1{unit}"), abs=1e-9)  # type: ignore[operator]


@given(st.text())
def test_any_text_is_a_span_of_time_or_refused(text: str) -> None:
    read = milliseconds(text)

    assert read is None or read >= 0
