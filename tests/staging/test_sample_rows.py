"""Every table that can have rows gets some, whatever its constraints are, and the same ones every time."""

from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.data_probe import digest
from gatekeeper.staging.sample_rows import fill

TABLES = [
    "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL UNIQUE)",
    "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
    "CREATE TABLE t (id serial PRIMARY KEY, twice integer GENERATED ALWAYS AS (3 * 2) STORED, kind text NOT NULL)",
    "CREATE TABLE t (kind text NOT NULL CHECK (kind IN ('new', 'old')))",
    "CREATE TABLE t (kind text NOT NULL CHECK (kind ~ '^[A-Z]{2}$'))",
    "CREATE TABLE t (mail text NOT NULL CHECK (mail LIKE '%@%'))",
    "CREATE TABLE t (code char(8) NOT NULL CHECK (length(code) = 8))",
    "CREATE TABLE t (code text NOT NULL CHECK (length(code) BETWEEN 12 AND 20))",
    "CREATE TABLE t (code varchar(3) NOT NULL CHECK (code = upper(code)))",
    "CREATE TABLE t (size integer NOT NULL CHECK (size > 100 AND size < 110))",
    "CREATE TABLE t (size numeric(3, 2) NOT NULL CHECK (size > 0))",
    "CREATE TABLE t (share numeric(4, 4) NOT NULL)",
    "CREATE TABLE t (below integer NOT NULL CHECK (below < 0))",
    "CREATE TABLE t (start date NOT NULL, finish date NOT NULL, CHECK (start < finish))",
    "CREATE TABLE t (a integer, b integer, CHECK (num_nonnulls(a, b) = 1))",
    "CREATE TYPE m AS ENUM ('calm', 'busy'); CREATE TABLE t (mood m NOT NULL)",
    "CREATE TYPE m AS ENUM ('calm', 'busy'); CREATE TABLE t (moods m[] NOT NULL CHECK (cardinality(moods) > 0))",
    "CREATE TABLE t (a bigint, kind text NOT NULL, CHECK (kind = 'SELF' AND a IS NULL OR kind = 'ALL' AND a > 0))",
    "CREATE DOMAIN d AS integer CHECK (VALUE >= 18); CREATE TABLE t (age d NOT NULL)",
    "CREATE TYPE c AS (a integer, b text); CREATE TABLE t (both_parts c NOT NULL)",
    "CREATE TABLE t (at date NOT NULL) PARTITION BY RANGE (at);"
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('1999-01-01') TO ('1999-02-01')",
    "CREATE TABLE t (kind text NOT NULL) PARTITION BY LIST (kind); CREATE TABLE t_1 PARTITION OF t FOR VALUES IN ('x')",
    "CREATE TABLE t (id integer NOT NULL) PARTITION BY HASH (id);"
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
    "CREATE TABLE p (a integer, b text, PRIMARY KEY (a, b));"
    "CREATE TABLE t (a integer NOT NULL, b text NOT NULL, FOREIGN KEY (a, b) REFERENCES p)",
    "CREATE TABLE t (id integer PRIMARY KEY, above integer REFERENCES t)",
    "CREATE TABLE t (during tstzrange NOT NULL, EXCLUDE USING gist (during WITH &&))",
    "CREATE TABLE t (a uuid NOT NULL, b jsonb NOT NULL, c bytea NOT NULL, d inet NOT NULL, e integer[] NOT NULL,"
    " f interval NOT NULL, g timetz NOT NULL, h point NOT NULL, i bit(5) NOT NULL, k tsvector NOT NULL,"
    " l macaddr NOT NULL, m money NOT NULL, n uuid[] NOT NULL, o circle NOT NULL, p int4range NOT NULL)",
    "CREATE TABLE t (payload jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'array'))",
    "CREATE TABLE t (id integer REFERENCES later DEFERRABLE INITIALLY DEFERRED)",
    'CREATE TABLE t ("Odd name" text NOT NULL, "select" integer CHECK ("select" > 3))',
    "CREATE TABLE t (yes boolean NOT NULL UNIQUE)",
    "CREATE TABLE t ()",
]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_gets_rows_that_fit(connection: Connection[Any], table: str) -> None:
    connection.execute(f"CREATE TABLE later (id integer PRIMARY KEY); {table}".encode())

    filling = fill(connection)

    assert filling.empty == {}
    assert digest(connection).tables["public.t"].rows >= 2 or "LIST" in table


def test_no_column_is_left_without_a_value_where_one_fits(connection: Connection[Any]) -> None:
    connection.execute(b"CREATE TABLE t (id integer, size numeric(8, 2), note text, at timestamptz, flags boolean[])")
    fill(connection)

    columns = digest(connection).tables["public.t"].columns

    assert {name: filled for name, (filled, _) in columns.items()} == dict.fromkeys(columns, 3)


def test_a_table_that_takes_no_row_is_named_with_the_reason(connection: Connection[Any]) -> None:
    connection.execute(b"CREATE TABLE t (a integer CHECK (false)); CREATE TABLE u (id integer)")

    filling = fill(connection)

    assert list(filling.empty) == ["public.t"]
    assert "violates check constraint" in filling.empty["public.t"]


def test_a_table_that_had_rows_already_is_not_called_empty(connection: Connection[Any]) -> None:
    connection.execute(b"CREATE TABLE t (a integer CHECK (a = 1) UNIQUE); INSERT INTO t VALUES (1)")

    assert fill(connection).empty == {}


def test_the_rows_are_the_same_every_time(connection: Connection[Any]) -> None:
    connection.execute(b"CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (id integer REFERENCES p, note text)")
    fill(connection)
    once = digest(connection)
    connection.execute(b"TRUNCATE p, t")
    fill(connection)

    assert digest(connection) == once


def test_later_rows_are_other_rows(connection: Connection[Any]) -> None:
    connection.execute(b"CREATE TABLE t (id integer PRIMARY KEY, note text UNIQUE)")
    fill(connection)
    fill(connection, first=101)

    assert digest(connection).tables["public.t"].rows == 6


def test_a_deferred_constraint_does_not_take_the_other_tables_down(connection: Connection[Any]) -> None:
    connection.execute(
        b"CREATE TABLE a (id integer PRIMARY KEY, b integer NOT NULL);"
        b"CREATE TABLE b (id integer PRIMARY KEY, a integer NOT NULL REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
        b"ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED; CREATE TABLE c (id integer)"
    )

    filling = fill(connection)

    assert set(filling.empty) == {"public.a", "public.b"}
    assert digest(connection).tables["public.c"].rows == 3


def test_tables_that_a_way_up_unites_have_no_values_in_common(connection: Connection[Any]) -> None:
    connection.execute(b"CREATE TABLE a (key text UNIQUE); CREATE TABLE b (key text UNIQUE)")
    fill(connection)

    connection.execute("INSERT INTO a SELECT key FROM b")
