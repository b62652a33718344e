"""The SQL of every rule's page is run on real servers too: what the page claims is what PostgreSQL does."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gatekeeper.staging.lock_trace import observe
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.model import ControlsTransaction, LocksTable, Script
from migrations_lint.settings import LintSettings
from tests.migrations_lint.scripts import history_of
from tests.migrations_lint.test_facts_match_postgres import disagreements
from tests.pages import Section, examples

_MISSING_OBJECT = {"42P01", "42704", "3F000"}  # the page is about tables of which the history knows nothing

_REFUSED = {"25001", "55000", "55P04"}  # in a transaction; in the state the object is in; a label before its commit


def _unwrapped(up: Script) -> Script:
    """Each statement is observed in a transaction of its own."""
    return Script(tuple(replace(fragment, in_transaction=False) for fragment in up.fragments))


def runnable() -> list[Section]:
    return [
        example for example in examples("migrations_lint/rules") if example.all("sql") or example.all("sql", "outside")
    ]


@pytest.fixture
def connection(server: StagingServer, databases: Scratch) -> Iterator[Connection[Any]]:
    name = databases.create()
    with server.connect(name) as connection:
        yield connection
    databases.drop(name)


@pytest.mark.parametrize("example", runnable(), ids=str)
def test_every_statement_of_a_page_locks_what_is_predicted(
    example: Section, server: StagingServer, connection: Connection[Any]
) -> None:
    before = example.text("sql", "before") or ""
    history = [replace(one, up=_unwrapped(one.up), down=None) for one in history_of(example)]
    selected = frozenset(migration.path for migration in history[1:])
    report = lint(history, LintSettings(server_version=server.version), selected=selected)
    connection.execute(before.encode())

    for statement in (statement for checked in report.migrations for statement in checked.statements):
        if any(True for _ in statement.all(ControlsTransaction)):
            assert statement.locks == ()  # what they take back is the session's affair: test_session.py
            continue
        try:
            observed = observe(connection, statement.statement.sql)
            # Observing a concurrent one has carried it out; a LOCK leaves nothing behind.
            if "CONCURRENTLY" not in statement.statement.sql and not any(True for _ in statement.all(LocksTable)):
                connection.execute(statement.statement.sql.encode())
        except psycopg.Error as error:
            if error.sqlstate in _MISSING_OBJECT | _REFUSED:
                pytest.skip(f"the page is about what PostgreSQL refuses: {error.diag.message_primary}")
            raise
        assert disagreements(statement.locks, observed) == []
