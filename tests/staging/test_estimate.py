"""What a migration would take in production is measured on rows of the table's own shape."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.model.estimate import Estimate
from gatekeeper.staging.estimate import with_estimates
from gatekeeper.staging.many_rows import multiply
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.sample_rows import fill
from gatekeeper.staging.server import Choice, StagingServer
from gatekeeper.staging.snapshot import pull
from migrations_lint.model import LockMode
from migrations_lint.settings import LintSettings
from tests.conftest import url_of
from tests.staging.test_rollback_proof import history

TIMEOUT = timedelta(seconds=20)
BASE = (
    "CREATE TABLE customer (id uuid PRIMARY KEY);"
    "CREATE TABLE item (id bigint PRIMARY KEY, customer uuid REFERENCES customer, code varchar(12) UNIQUE, size int)",
    "DROP TABLE item; DROP TABLE customer",
)
REWRITE = ("ALTER TABLE item ALTER size TYPE bigint", "ALTER TABLE item ALTER size TYPE integer")
QUICK = ("ALTER TABLE item ADD COLUMN note text", "ALTER TABLE item DROP COLUMN note")


@pytest.mark.parametrize(
    "columns",
    [
        "id bigint PRIMARY KEY",
        "id uuid PRIMARY KEY, note text",
        "id serial PRIMARY KEY, code varchar(6) UNIQUE",
        "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "one int, other int, PRIMARY KEY (one, other)",
        "day date PRIMARY KEY, at timestamptz UNIQUE",
        "id int PRIMARY KEY, parent int REFERENCES sample",
        "id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED",
    ],
)
def test_a_few_rows_become_many_with_keys_of_their_own(connection: Connection[Any], columns: str) -> None:
    connection.execute(f"CREATE TABLE sample ({columns})".encode())
    fill(connection)

    assert multiply(connection, ("public", "sample"), 500) is None
    (rows,) = connection.execute("SELECT count(*) FROM sample").fetchone() or (0,)
    assert rows >= 500


def test_a_table_that_takes_no_more_rows_says_why(connection: Connection[Any]) -> None:
    connection.execute("CREATE TABLE sample (id int PRIMARY KEY CHECK (id < 100))")
    fill(connection)

    assert "violates check constraint" in str(multiply(connection, ("public", "sample"), 500))


def estimates(server: StagingServer, connection: Connection[Any], step: tuple[str, str]) -> tuple[Estimate, ...]:
    """Of a pending migration, where production has a good many rows by its statistics, and few in truth."""
    migrations = history(BASE, step)
    connection.execute(BASE[0].encode())
    fill(connection)
    connection.execute("ANALYZE")
    connection.execute("UPDATE pg_class SET reltuples = 5000000, relpages = 50000 WHERE relname = 'item'")
    (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    production = pull(url_of(server, name)).schema
    with contextlib.closing(connection):
        report = prove(migrations, server, selected={Path("1.sql")})
    report = with_estimates(
        report, migrations, Choice(server.url), production, LintSettings(), TIMEOUT, (200, 400, 800)
    )
    return report.proofs[-1].estimates


def test_a_rewrite_is_measured_both_ways_and_agrees_with_the_linters_word(
    server: StagingServer, connection: Connection[Any]
) -> None:
    up, down = estimates(server, connection, REWRITE)

    assert (up.direction, down.direction) == ("up", "down")
    assert (str(up.relation), up.mode) == ("public.item", LockMode.ACCESS_EXCLUSIVE)
    assert 4_000_000 < up.rows < 6_000_000
    assert [one.rows for one in up.measured] == [200, 400, 800]
    assert all(0 < one.seconds < 20 and one.bytes > 8_000 for one in up.measured)
    assert up.span.low <= up.by_rates <= up.span.high
    assert up.by_rates == pytest.approx(up.bytes / 25e6, rel=0.2)


def test_what_is_over_at_once_is_not_measured(server: StagingServer, connection: Connection[Any]) -> None:
    assert estimates(server, connection, QUICK) == ()
