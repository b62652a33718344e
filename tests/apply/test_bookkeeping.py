"""Each tool's own table says what is applied, in that tool's way of keeping books."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.apply.bookkeeping import bookkeeping_of
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Migration, Script


def history(tool: str, *ids: str, linear: bool = False) -> list[Migration]:
    parents = [(), *((one,) for one in ids)] if linear else [()] * len(ids)
    return [
        Migration(one, tool, Path(one, "x.sql"), Script(()), None, parents=tuple(above))
        for one, above in zip(ids, parents, strict=False)
    ]


CASES = {
    "alembic": (
        history("alembic", "a1", "b2", "c3", linear=True),
        "CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('b2')",
        ["a1", "b2"],
    ),
    "golang-migrate, which keeps the last number": (
        history("golang_migrate", "000001", "000002", "000010", "000011"),
        "CREATE TABLE schema_migrations (version bigint, dirty boolean);"
        "INSERT INTO schema_migrations VALUES (10, false)",
        ["000001", "000002", "000010"],
    ),
    "goose, which notes ways down too": (
        history("goose", "00001", "00002", "00003"),
        "CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied boolean);"
        "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (3, true),"
        " (3, false)",
        ["00001", "00002"],
    ),
    "flyway, which notes an undo, and what failed": (
        history("flyway", "1", "1.1", "2", "3"),
        "CREATE TABLE flyway_schema_history (installed_rank int, version text, description text, type text,"
        " success boolean); INSERT INTO flyway_schema_history VALUES (1, '1', 'a', 'SQL', true),"
        " (2, '1.1', 'b', 'SQL', true), (3, '2', 'c', 'SQL', true), (4, '2', 'c', 'UNDO_SQL', true),"
        " (5, '3', 'd', 'SQL', false)",
        ["1", "1.1"],
    ),
    "dbmate": (
        history("dbmate", "20240101000000", "20240102000000"),
        "CREATE TABLE schema_migrations (version varchar(128));INSERT INTO schema_migrations VALUES ('20240101000000')",
        ["20240101000000"],
    ),
    "diesel": (
        history("diesel", "20240101000000", "20240102000000"),
        "CREATE TABLE __diesel_schema_migrations (version varchar(50), run_on timestamp);"
        "INSERT INTO __diesel_schema_migrations VALUES ('20240101000000', now())",
        ["20240101000000"],
    ),
    "sqlx": (
        history("sqlx", "0001", "0002"),
        "CREATE TABLE _sqlx_migrations (version bigint, success boolean);"
        "INSERT INTO _sqlx_migrations VALUES (1, true), (2, false)",
        ["0001"],
    ),
    "django": (
        history("django", "shop.0001_initial", "shop.0002_price"),
        "CREATE TABLE django_migrations (id serial, app text, name text);"
        "INSERT INTO django_migrations (app, name) VALUES ('auth', '0001_initial'), ('shop', '0001_initial')",
        ["shop.0001_initial"],
    ),
    "sqitch, in a schema of its own": (
        history("sqitch", "orders", "prices"),
        "CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (change text); INSERT INTO sqitch.changes VALUES ('orders')",
        ["orders"],
    ),
    "prisma": (
        history("prisma", "1_init", "2_more", "3_back"),
        "CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz, rolled_back_at timestamptz);"
        "INSERT INTO _prisma_migrations VALUES ('1_init', now(), NULL), ('2_more', NULL, NULL),"
        " ('3_back', now(), now())",
        ["1_init"],
    ),
    "ours": (
        history("raw_sql", "0001", "0002"),
        "CREATE TABLE gatekeeper_migrations (id text); INSERT INTO gatekeeper_migrations VALUES ('0002'), ('0009')",
        ["0002"],
    ),
    "none": (history("raw_sql", "0001"), "SELECT 1", []),
}


@pytest.fixture(scope="module")
def connection(server: StagingServer) -> Iterator[Connection[Any]]:
    databases = Scratch(server)
    with contextlib.closing(databases), contextlib.closing(server.connect(databases.create())) as session:
        yield session


@pytest.mark.parametrize("name", CASES)
def test_each_tool_is_read_as_it_keeps_its_books(connection: Connection[Any], name: str) -> None:
    migrations, tables, expected = CASES[name]
    with connection.transaction(force_rollback=True):
        connection.execute(tables.encode())

        kept = bookkeeping_of(connection, migrations)

    assert [one.id for one in kept.applied] == expected
    assert bool(kept.tables) is (name != "none")


def test_what_the_files_do_not_have_is_named(connection: Connection[Any]) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(CASES["ours"][1].encode())

        kept = bookkeeping_of(connection, history("raw_sql", "0001", "0002"))

    assert kept.unknown == ("0009",)
    assert kept.last == "0002"
