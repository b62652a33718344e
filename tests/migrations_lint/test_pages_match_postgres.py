"""The SQL of every rule's page is run on real servers too: what the page claims is what PostgreSQL does."""

import tomllib
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
from tests.migrations_lint.scripts import MIGRATIONS, history_of
from tests.migrations_lint.test_facts_match_postgres import disagreements
from tests.pages import Section, bare, examples

_MISSING_OBJECT = {"42P01", "42704", "3F000"}  # the page is about tables of which the history knows nothing

_REFUSED = {"25001", "55P04"}  # in a transaction; a label before its commit


def _unwrapped(up: Script) -> Script:
    """Each statement is observed in a transaction of its own."""
    return Script(tuple(replace(fragment, in_transaction=False) for fragment in up.fragments))


def runnable() -> list[Section]:
    return [
        example
        for example in examples("migrations_lint/rules")
        if any(example.all("sql", word) for word in MIGRATIONS - {"refused"})
    ]


def refused() -> list[Section]:
    return [example for example in examples("migrations_lint/rules") if example.all("sql", "refused")]


def _version_of(example: Section) -> int | None:
    """The PostgreSQL that the example says it is about, if it does."""
    config = example.text("toml", "config")
    return tomllib.loads(config)["lint"].get("server_version") if config else None


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
    if server.version < (_version_of(example) or 0):
        pytest.skip(f"the page is about PostgreSQL {_version_of(example)}")
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


@pytest.mark.parametrize("example", refused(), ids=str)
def test_what_a_page_says_is_refused_is_refused(
    example: Section, server: StagingServer, connection: Connection[Any]
) -> None:
    if server.version != (_version_of(example) or server.version):
        pytest.skip(f"the page is about PostgreSQL {_version_of(example)}")
    connection.execute((example.text("sql", "before") or "").encode())

    for block in example.all("sql", "refused"):
        with pytest.raises(psycopg.Error) as refusal:
            connection.execute(bare(block.text).encode())

        assert refusal.value.sqlstate not in _MISSING_OBJECT
