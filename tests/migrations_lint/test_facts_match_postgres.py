"""Predicted locks, scans and rewrites are those that a real PostgreSQL shows. The reason to believe the linter."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.lock_trace import observe
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.model import Certainty, LockFact, LockMode, RelationKind, Work
from migrations_lint.settings import LintSettings
from tests.migrations_lint.scripts import migration

FORMS = Path(__file__).parent / "forms"
SETUP = (FORMS / "setup.sql").read_text()
_FORM = re.compile(r"^(?P<sql>.+?);(?:\s*-- since (?P<since>\d+))?$")

# What only a planner decides: whether a read goes through the whole table or by an index.
_READS = frozenset({LockMode.ACCESS_SHARE, LockMode.ROW_SHARE})
_WEIGHT = [Work.INSTANT, Work.ROW_CHANGE, Work.SCAN, Work.INDEX_BUILD, Work.REWRITE, Work.UNKNOWN]


def forms() -> list[tuple[str, int]]:
    lines = [line for line in (FORMS / "statement_forms.sql").read_text().splitlines() if not line.startswith("--")]
    matches = [_FORM.match(line) for line in lines if line]
    return [(match["sql"], int(match["since"] or 0)) for match in matches if match]


def predicted(sql: str, server_version: int) -> tuple[LockFact, ...]:
    history = [migration(SETUP, name="1"), migration(sql, in_transaction=False)]
    report = lint(history, LintSettings(server_version=server_version), selected=frozenset({history[1].path}))
    assert report.problems == ()
    (statement,) = report.migrations[0].statements
    return statement.locks


def disagreements(predicted: tuple[LockFact, ...], observed: tuple[LockFact, ...]) -> list[str]:
    """Whatever was seen must have been said; whatever was said for sure must be seen. Assumed work may be heavier."""
    said = {fact.relation: fact for fact in predicted}
    seen = {fact.relation: fact for fact in observed}
    found = [f"not predicted: {fact}" for fact in observed if fact.relation not in said]
    found += [
        f"not observed: {fact}" for fact in predicted if fact.relation not in seen and fact.certainty is Certainty.SURE
    ]
    for relation in said.keys() & seen.keys():
        one, other = said[relation], seen[relation]
        if (one.relation_kind, one.mode) != (other.relation_kind, other.mode) or not _same_work(one, other):
            found.append(f"predicted {one}, observed {other}")
    return found


def _same_work(said: LockFact, seen: LockFact) -> bool:
    if said.mode in _READS or said.relation_kind is RelationKind.SEQUENCE:
        return said.work in {Work.SCAN, Work.INSTANT}
    if said.certainty is Certainty.ASSUMED:
        return _WEIGHT.index(said.work) >= _WEIGHT.index(seen.work)
    return said.work is seen.work


@pytest.fixture(scope="session")
def prepared(server: StagingServer) -> Iterator[tuple[StagingServer, Any]]:
    """A server and its scratch databases, the first of which holds the schema that the others are cloned from."""
    with scratch(server) as databases:
        template = databases.create()
        with server.connect(template) as connection:
            connection.execute(SETUP.encode())
        yield server, (databases, template)


@pytest.fixture
def connection(prepared: tuple[StagingServer, Any], sql: str) -> Iterator[Connection[Any]]:
    """The shared database, to which a rolled back statement does nothing; CONCURRENTLY gets one of its own."""
    server, (databases, template) = prepared
    name = databases.create(template) if "CONCURRENTLY" in sql else template
    with server.connect(name) as connection:
        yield connection
    if name != template:
        databases.drop(name)


@pytest.mark.parametrize(("sql", "since"), forms(), ids=[sql for sql, _ in forms()])
def test_prediction_and_observation_agree(
    sql: str, since: int, prepared: tuple[StagingServer, Any], connection: Connection[Any]
) -> None:
    version = prepared[0].version
    if version < since:
        pytest.skip(f"PostgreSQL {version} refuses it; it came with {since}")

    assert disagreements(predicted(sql, version), observe(connection, sql)) == []
