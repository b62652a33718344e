"""What only rows show: work that PostgreSQL does not do on the empty tables of the statement forms."""

import contextlib

import pytest

from gatekeeper.staging.lock_trace import observe
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.model import LockFact, Relation, Work
from migrations_lint.settings import LintSettings
from tests.migrations_lint.scripts import migration

SETUP = (
    "CREATE TABLE customers (id integer PRIMARY KEY);"
    "CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers);"
)
ROWS = (
    "INSERT INTO customers SELECT generate_series(1, 2000);"
    "INSERT INTO orders SELECT number, number FROM generate_series(1, 2000) AS number;"
    "ANALYZE customers, orders;"
)


@pytest.mark.server
def test_a_key_over_rewritten_values_reads_what_they_refer_to(server: StagingServer) -> None:
    change = "ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint"
    history = [migration(SETUP, name="1"), migration(f"{change};", name="2")]
    report = lint(history, LintSettings(server_version=server.version))
    predicted = next(
        fact
        for fact in report.migrations[1].statements[0].facts
        if isinstance(fact, LockFact) and fact.relation == Relation("public", "customers")
    )

    with scratch(server) as databases, contextlib.closing(server.connect(databases.create())) as connection:
        connection.execute(f"{SETUP}{ROWS}".encode())
        observed = {fact.relation: fact for fact in observe(connection, change)}[predicted.relation]

    assert (predicted.mode, predicted.work) == (observed.mode, observed.work)
    assert observed.work is Work.SCAN
