"""Predicted locks, scans and rewrites are those that a real PostgreSQL shows. The reason to believe the linter."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.lock_trace import observe
from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import Certainty, LockFact, LockMode, RelationKind, Work
from migrations_lint.parse import parse
from migrations_lint.snapshot import SchemaSnapshot
from tests.migrations_lint.forms import forms, setup
from tests.migrations_lint.scripts import script

FORMS = forms()

# What only a planner decides: whether a read goes through the whole table or by an index.
_READS = frozenset({LockMode.ACCESS_SHARE, LockMode.ROW_SHARE})
_WEIGHT = [Work.INSTANT, Work.SCAN, Work.ROW_CHANGE, Work.INDEX_BUILD, Work.REWRITE, Work.UNKNOWN]


@cache
def schema_of(server_version: int) -> SchemaSnapshot:
    schema = SchemaSnapshot()
    for statement in parse(script(setup(server_version)).fragments[0]).statements:
        replay(facts_of(statement, Scene(schema, server_version)), schema)
    return schema


def predicted(sql: str, server_version: int) -> tuple[LockFact, ...]:
    (statement,) = parse(script(sql).fragments[0]).statements
    facts = facts_of(statement, Scene(schema_of(server_version), server_version))
    return tuple(fact for fact in facts if isinstance(fact, LockFact))


def disagreements(predicted: tuple[LockFact, ...], observed: tuple[LockFact, ...]) -> list[str]:
    """Whatever was seen must have been said; whatever was said for sure must be seen. What is assumed may be less."""
    said = {fact.relation: fact for fact in predicted}
    seen = {fact.relation: fact for fact in observed}
    found = [f"not predicted: {fact}" for fact in observed if fact.relation not in said]
    found += [
        f"not observed: {fact}" for fact in predicted if fact.relation not in seen and fact.certainty is Certainty.SURE
    ]
    for relation in said.keys() & seen.keys():
        one, other = said[relation], seen[relation]
        if one.relation_kind is not other.relation_kind or not (_same_mode(one, other) and _same_work(one, other)):
            found.append(f"predicted {one}, observed {other}")
    return found


def _same_mode(said: LockFact, seen: LockFact) -> bool:
    return said.mode is seen.mode or (said.certainty is Certainty.ASSUMED and said.mode.rank > seen.mode.rank)


def _same_work(said: LockFact, seen: LockFact) -> bool:
    if said.created_here:
        return True  # before the statement there was nothing to compare with
    if said.work is Work.ROW_CHANGE and said.mode is LockMode.ROW_EXCLUSIVE:
        return seen.work in {Work.ROW_CHANGE, Work.SCAN, Work.INSTANT}  # code inside may find no row to change
    if said.mode in _READS or said.relation_kind is RelationKind.SEQUENCE:
        return said.work in {Work.SCAN, Work.INSTANT}
    if said.certainty is Certainty.ASSUMED:
        return _WEIGHT.index(said.work) >= _WEIGHT.index(seen.work)
    return said.work is seen.work


@dataclass(frozen=True)
class Prepared:
    """A server with the schema of the two setup files in a template, and a session on a copy of that."""

    server: StagingServer
    databases: Scratch
    template: str
    shared: Connection[Any]


@pytest.fixture(scope="session")
def prepared(server: StagingServer) -> Iterator[Prepared]:
    with scratch(server) as databases:
        template = databases.create()
        with server.connect(template) as connection:
            connection.execute(setup(server.version).encode())
        with server.connect(databases.create(template)) as shared:
            yield Prepared(server, databases, template, shared)


@pytest.fixture
def connection(prepared: Prepared, sql: str) -> Iterator[Connection[Any]]:
    """The shared session, to which a rolled back statement does nothing; CONCURRENTLY gets a database of its own."""
    if "CONCURRENTLY" not in sql:
        yield prepared.shared
        return
    name = prepared.databases.create(prepared.template)
    with prepared.server.connect(name) as connection:
        yield connection
    prepared.databases.drop(name)


@pytest.mark.parametrize(("sql", "since"), [(form.sql, form.since) for form in FORMS], ids=[form.sql for form in FORMS])
def test_prediction_and_observation_agree(
    sql: str, since: int, prepared: Prepared, connection: Connection[Any]
) -> None:
    version = prepared.server.version
    if version < since:
        pytest.skip(f"PostgreSQL {version} refuses it; it came with {since}")

    assert disagreements(predicted(sql, version), observe(connection, sql)) == []
