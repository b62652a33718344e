"""A database becomes a snapshot: what the linter knows of it is what PostgreSQL's catalog says, and nothing waits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gatekeeper.errors import GatekeeperError
from gatekeeper.staging.check_tree import columns_not_null
from gatekeeper.staging.cluster import machine_binaries
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer, embedded_server, machine_server
from gatekeeper.staging.snapshot import pull
from migrations_lint.applied import steps_in
from migrations_lint.engine import schemas_built_by
from migrations_lint.model import ConstraintKind, Relation, RelationKind
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot, Table
from tests.migrations_lint.scripts import migration
from tests.migrations_lint.test_snapshot import HISTORY
from tests.pages import ROOT

SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(40) NOT NULL);
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer_id bigint REFERENCES shop.customers (id),
    token uuid DEFAULT gen_random_uuid(),
    made timestamptz DEFAULT now(),
    total numeric(10, 2) CHECK (total IS NOT NULL),
    doubled numeric GENERATED ALWAYS AS (total * 2) STORED
);
ALTER TABLE orders ADD CONSTRAINT both_there CHECK (customer_id IS NOT NULL AND made IS NOT NULL) NOT VALID;
CREATE INDEX orders_made ON orders (made, lower(token::text)) INCLUDE (total);
INSERT INTO shop.customers (name) VALUES ('Ada');
INSERT INTO orders (customer_id, total) SELECT 1, n FROM generate_series(1, 20000) n;
CREATE VIEW dear AS SELECT * FROM orders WHERE total > 100;
CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_other PARTITION OF events DEFAULT;
"""
FORMS_SETUP = (ROOT / "tests/migrations_lint/forms/setup.sql").read_text()
ORDERS = Relation("public", "orders")


@pytest.fixture(scope="module", params=["embedded", "machine"])
def server(request: pytest.FixtureRequest) -> Iterator[StagingServer]:
    """Each server at hand: the catalogs of 15 and 18 differ."""
    versions = [version for version in machine_binaries() if version >= 12]
    if request.param == "machine" and not versions:
        pytest.skip("this machine has no PostgreSQL binaries of its own (version 12 or newer)")
    with embedded_server() if request.param == "embedded" else machine_server(max(versions)) as started:
        yield started


@pytest.fixture
def url(server: StagingServer) -> Iterator[str]:
    with scratch(server) as databases:
        name = databases.create()
        with server.connect(name) as connection:
            connection.execute(SCHEMA.encode())
        with server.connect(name) as later:  # a session counts its rows when it ends, and twice if it analyzes before
            later.execute("ANALYZE orders")
        yield make_conninfo(server.url, dbname=name)


def table(url: str, name: str, schema: str = "public") -> Table:
    found = pull(url).schema.find(Relation(schema, name))
    assert found is not None
    return found


def test_columns_have_the_types_and_defaults_that_the_server_shows(url: str) -> None:
    columns = table(url, "orders").columns

    assert {name: column.type for name, column in columns.items()} == {
        "id": "bigint", "customer_id": "bigint", "token": "uuid", "made": "timestamp with time zone",
        "total": "numeric(10,2)", "doubled": "numeric",
    }  # fmt: skip
    assert columns["id"].not_null
    assert not columns["total"].not_null
    assert columns["made"].default == "now()"
    assert [name for name, column in columns.items() if column.volatile_default] == ["id", "token"]
    assert columns["doubled"].generated == "stored"
    assert table(url, "customers", "shop").columns["id"].identity


def test_constraints_say_what_they_prove_and_whether_they_are_valid(url: str) -> None:
    constraints = table(url, "orders").constraints

    key = constraints["orders_customer_id_fkey"]
    assert (key.kind, key.references, key.referenced_columns) == (
        ConstraintKind.FOREIGN_KEY, Relation("shop", "customers"), ("id",),
    )  # fmt: skip
    assert constraints["orders_total_check"].not_null_columns == ("total",)
    assert constraints["both_there"].not_null_columns == ("customer_id", "made")
    assert not constraints["both_there"].valid
    assert constraints["orders_pkey"].kind is ConstraintKind.PRIMARY_KEY


def test_indexes_say_whether_they_are_valid(url: str, server: StagingServer) -> None:
    with server.connect(database(url)) as connection:
        connection.execute("INSERT INTO orders (customer_id, total) VALUES (1, 1)")
        with pytest.raises(Exception, match="could not create unique index"):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY orders_total ON orders (total)")

    indexes = {index.name.name: index for index in table(url, "orders").indexes}

    assert indexes["orders_made"].columns == ("made", "(expression)")
    assert indexes["orders_made"].valid
    assert not indexes["orders_total"].valid
    assert indexes["orders_pkey"].unique


def test_partitions_views_and_sequences_know_what_they_belong_to(url: str) -> None:
    assert table(url, "events").kind is RelationKind.PARTITIONED_TABLE
    assert table(url, "events_2026").partition_of == Relation("public", "events")
    assert [table(url, name).is_default_partition for name in ("events_2026", "events_other")] == [False, True]
    assert table(url, "dear").reads == (ORDERS,)
    assert table(url, "orders_id_seq").owned_by == (ORDERS, "id")


def test_sizes_are_those_of_the_statistics(url: str, server: StagingServer) -> None:
    with server.connect(database(url)) as connection:
        heap = value(connection, "SELECT pg_relation_size('orders')")
    size = table(url, "orders").size

    assert size is not None
    assert size.rows == 20000
    assert size.heap_bytes == heap
    assert size.index_bytes


def test_a_table_that_no_analyze_has_seen_is_counted_by_its_live_rows_or_of_unknown_size(url: str) -> None:
    customers = table(url, "customers", "shop").size
    events = table(url, "events_2026").size

    assert customers is not None
    assert customers.rows in {1, None}  # the statistics arrive a moment after the rows
    assert events is not None
    assert events.rows is None


def test_a_table_locked_against_everybody_keeps_nobody_waiting(url: str, server: StagingServer) -> None:
    with (
        server.connect(database(url)) as connection,
        connection.transaction(),
    ):
        connection.execute("LOCK orders, shop.customers, events, dear IN ACCESS EXCLUSIVE MODE")

        locked = pull(url, timedelta(seconds=5)).schema

    assert locked.find(ORDERS) == table(url, "orders")


def test_what_a_history_builds_is_what_the_server_shows(server: StagingServer) -> None:
    """The facts and the catalog are two witnesses here: one has only read the SQL, the other only the result."""
    built = list(schemas_built_by([migration(FORMS_SETUP)], LintSettings(server_version=server.version)))[-1]
    with scratch(server) as databases:
        name = databases.create()
        with server.connect(name) as connection:
            connection.execute(FORMS_SETUP.encode())
        pulled = pull(make_conninfo(server.url, dbname=name)).schema

    assert sorted(built.tables) == sorted(pulled.tables)
    assert built.types == pulled.types
    assert built.objects == pulled.objects
    for relation, expected in built.tables.items():
        assert alike(known(pulled, relation)) == alike(expected)


def alike(table: Table) -> Table:
    """Without what only one of the two can know: expressions as text, the columns of views, NOT NULL by its name."""
    is_view = table.kind in {RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW}
    columns = {
        name: replace(column, default=None, serial=False, reads=()) for name, column in table.columns.items()
    }  # fmt: skip
    return replace(
        table,
        columns={} if is_view else columns,
        complete=True,
        mentions=tuple(sorted(table.mentions)),
        bound=None,
        data_type=None,
        size=None,
        indexes=tuple(sorted(table.indexes, key=lambda index: index.name)),
        constraints={
            name: replace(constraint, expression=None)
            for name, constraint in sorted(table.constraints.items())
            if constraint.kind is not ConstraintKind.NOT_NULL
        },
    )


def known(schema: SchemaSnapshot, relation: Relation) -> Table:
    found = schema.find(relation)
    assert found is not None
    return found


@pytest.mark.parametrize("applied", range(len(HISTORY) + 1))
def test_the_steps_that_a_database_holds_are_told_from_its_catalog(server: StagingServer, applied: int) -> None:
    states = schemas_built_by([migration(up, name=str(n)) for n, up in enumerate(HISTORY)], LintSettings())
    with scratch(server) as databases:
        name = databases.create()
        with server.connect(name) as connection:
            for up in HISTORY[:applied]:
                connection.execute(up.encode())
        pulled = pull(make_conninfo(server.url, dbname=name)).schema

    assert steps_in(pulled, states) == applied


def test_a_catalog_that_does_not_answer_in_time_is_a_sentence(url: str) -> None:
    with pytest.raises(GatekeeperError, match="cannot read the catalog of") as caught:
        pull(url, timedelta(milliseconds=1))

    assert "--statement-timeout" in str(caught.value)


def test_a_tree_that_says_more_than_not_null_proves_nothing() -> None:
    assert columns_not_null("{BOOLEXPR :boolop or :args ({NULLTEST :arg {VAR :varno 1 :varattno 1 ") == ()
    assert columns_not_null("{OPEXPR :opno 521 :opfuncid 147}") == ()


def database(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def value(connection: Connection[tuple[int, ...]], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
