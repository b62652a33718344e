"""The witness counts exactly what a way down destroys, or trips over, for every kind that it knows."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gatekeeper.model.proof import Loss, LossWitness
from gatekeeper.staging.loss_count import count_losses, witness
from gatekeeper.staging.loss_witness import losses
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from gatekeeper.staging.storage import storage_of
from tests.conftest import url_of

TIMEOUT = timedelta(seconds=20)
SCHEMA = """
    CREATE TABLE clinic (id integer PRIMARY KEY, name text);
    CREATE TABLE item (id integer PRIMARY KEY, code varchar(10), size integer, price numeric(6, 2), at timestamptz,
        day date, clinic_id integer, during int4range, note text DEFAULT 'none' NOT NULL);
    CREATE TABLE log (at date NOT NULL, line text) PARTITION BY RANGE (at);
    CREATE TABLE log_2020 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TYPE mood AS ENUM ('calm', 'busy');
    CREATE DOMAIN score AS integer CHECK (VALUE > 0);
    CREATE TABLE visit (id integer PRIMARY KEY, mood mood, score score);
    INSERT INTO clinic VALUES (1, 'north');
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A migration, what is written after it, and how many rows the way down destroys or trips over."""

    up: str
    down: str
    written: str
    rows: int
    destroys: bool = True


LOST = {
    "rows of a dropped table": Case(
        "CREATE TABLE other (id int)", "DROP TABLE other", "INSERT INTO other VALUES (1), (2)", 2
    ),
    "rows of a dropped table whose heirs stay": Case(
        "CREATE TABLE base (id int); CREATE TABLE heir () INHERITS (base)",
        "ALTER TABLE heir NO INHERIT base; DROP TABLE base",
        "INSERT INTO base VALUES (1), (2); INSERT INTO heir VALUES (3)",
        2,
    ),
    "rows of a dropped partition": Case(
        "CREATE TABLE log_2021 PARTITION OF log FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
        "DROP TABLE log_2021",
        "INSERT INTO log VALUES ('2020-05-05'), ('2021-05-05'), ('2021-06-06')",
        2,
    ),
    "values of a dropped column": Case(
        "ALTER TABLE item ADD extra text",
        "ALTER TABLE item DROP extra",
        "INSERT INTO item (id, extra) VALUES (1, 'x'), (2, NULL), (3, '')",
        2,
    ),
    "values other than the default of a dropped column": Case(
        "ALTER TABLE item ADD paid numeric(8, 2) DEFAULT 0 NOT NULL",
        "ALTER TABLE item DROP paid",
        "INSERT INTO item (id, paid) VALUES (1, 0), (2, 5), (3, 0.01)",
        2,
    ),
    "values other than a default that has no equality": Case(
        "ALTER TABLE item ADD extra json DEFAULT '{}'",
        "ALTER TABLE item DROP extra",
        "INSERT INTO item (id, extra) VALUES (1, DEFAULT), (2, '{\"a\": 1}'), (3, NULL)",
        2,
    ),
    "values of a dropped column with a default that varies": Case(
        "ALTER TABLE item ADD seen timestamptz DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE item DROP seen",
        "INSERT INTO item (id, seen) VALUES (1, DEFAULT), (2, NULL)",
        1,
    ),
    "values of a column that is made anew": Case(
        "ALTER TABLE item ADD extra text",
        "ALTER TABLE item DROP extra; ALTER TABLE item ADD extra integer",
        "INSERT INTO item (id, extra) VALUES (1, '5'), (2, NULL)",
        1,
    ),
    "texts that are too long": Case(
        "ALTER TABLE item ALTER code TYPE text",
        "ALTER TABLE item ALTER code TYPE varchar(10) USING left(code, 10)",
        "INSERT INTO item (id, code) VALUES (1, 'eleven char'), (2, 'short'), (3, NULL), (4, 'ten chars!')",
        1,
    ),
    "numbers out of range": Case(
        "ALTER TABLE item ALTER size TYPE bigint",
        "ALTER TABLE item ALTER size TYPE integer USING least(size, 2147483647)",
        "INSERT INTO item (id, size) VALUES (1, 3000000000), (2, 2147483647), (3, NULL), (4, -3000000000)",
        2,
    ),
    "numbers that are rounded or too big": Case(
        "ALTER TABLE item ALTER price TYPE numeric",
        "ALTER TABLE item ALTER price TYPE numeric(6, 2) USING round(least(price, 9999), 2)",
        "INSERT INTO item (id, price) VALUES (1, 1.001), (2, 10000), (3, 9999.99), (4, NULL), (5, 1.50)",
        2,
    ),
    "times of day that a date has not": Case(
        "ALTER TABLE item ALTER day TYPE timestamp",
        "ALTER TABLE item ALTER day TYPE date",
        "INSERT INTO item (id, day) VALUES (1, '2020-01-01'), (2, '2020-01-01 12:00'), (3, NULL)",
        1,
    ),
    "texts that are no whole numbers": Case(
        "ALTER TABLE item ALTER size TYPE text",
        r"ALTER TABLE item ALTER size TYPE integer USING CASE WHEN size ~ '^\d{1,5}$' THEN size::integer END",
        "INSERT INTO item (id, size) VALUES (1, '12'), (2, 'twelve'), (3, '99999999999'), (4, NULL), (5, '')",
        3,
    ),
    "labels that an enum loses": Case(
        "ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ('calm', 'busy', 'angry');"
        " ALTER TABLE visit ALTER mood TYPE mood USING mood::text::mood; DROP TYPE old",
        "ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ('calm', 'busy');"
        " ALTER TABLE visit ALTER mood TYPE mood USING CASE mood::text WHEN 'angry' THEN 'busy' ELSE mood::text END"
        "::mood; DROP TYPE old",
        "INSERT INTO visit VALUES (1, 'angry'), (2, 'calm'), (3, NULL)",
        1,
    ),
}
STOPPING = {
    "rows without a value": Case(
        "ALTER TABLE item ALTER note DROP NOT NULL",
        "ALTER TABLE item ALTER note SET NOT NULL",
        "INSERT INTO item (id, note) VALUES (1, NULL), (2, 'a'), (3, NULL)",
        2,
        destroys=False,
    ),
    "rows that break a check": Case(
        "ALTER TABLE clinic DROP CONSTRAINT IF EXISTS named; ALTER TABLE clinic RENAME name TO title",
        "ALTER TABLE clinic RENAME title TO name; ALTER TABLE clinic ADD CONSTRAINT named CHECK (length(name) > 3)",
        "INSERT INTO clinic VALUES (2, 'abc'), (3, NULL), (4, 'abcd'), (5, '')",
        2,
        destroys=False,
    ),
    "rows without a parent": Case(
        "SELECT 1",
        "ALTER TABLE item ADD CONSTRAINT of_clinic FOREIGN KEY (clinic_id) REFERENCES clinic",
        "INSERT INTO item (id, clinic_id) VALUES (1, 1), (2, 7), (3, NULL), (4, 8)",
        2,
        destroys=False,
    ),
    "rows that share a key": Case(
        "SELECT 1",
        "CREATE UNIQUE INDEX once ON item (lower(code)) WHERE size > 0",
        "INSERT INTO item (id, code, size) VALUES (1, 'a', 1), (2, 'A', 2), (3, 'a', 3), (4, 'a', 0), (5, NULL, 1),"
        " (6, NULL, 1)",
        2,
        destroys=False,
    ),
    "rows that exclude each other": Case(
        "SELECT 1",
        "ALTER TABLE item ADD CONSTRAINT apart EXCLUDE USING gist (during WITH &&)",
        "INSERT INTO item (id, during) VALUES (1, '[1,5)'), (2, '[5,9)'), (3, '[8,10)'), (4, NULL)",
        1,
        destroys=False,
    ),
    "values that a domain refuses": Case(
        "ALTER TABLE visit ALTER score TYPE integer",
        "ALTER TABLE visit ALTER score TYPE score",
        "INSERT INTO visit (id, score) VALUES (1, 0), (2, 1), (3, NULL), (4, -1)",
        2,
        destroys=False,
    ),
    "rows outside of a partition's bounds": Case(
        "ALTER TABLE log DETACH PARTITION log_2020",
        "ALTER TABLE log ATTACH PARTITION log_2020 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "INSERT INTO log_2020 VALUES ('2020-05-05'), ('2021-05-05')",
        1,
        destroys=False,
    ),
}
CASES = {**LOST, **STOPPING}


@pytest.fixture(scope="module")
def base(any_server: StagingServer) -> Iterator[Connection[Any]]:
    databases = Scratch(any_server)
    with contextlib.closing(databases), contextlib.closing(any_server.connect(databases.create())) as session:
        session.execute(SCHEMA.encode())
        yield session


def losses_of(connection: Connection[Any], case: Case) -> tuple[Loss, ...]:
    """As the proof finds them: the way down runs on a schema without a row that hinders it."""
    between = storage_of(connection)
    with connection.transaction(force_rollback=True):
        connection.execute(case.down.encode())
        return losses(between, storage_of(connection))


@pytest.mark.parametrize("name", CASES)
def test_it_counts_exactly_what_is_at_stake(base: Connection[Any], name: str) -> None:
    case = CASES[name]
    with base.transaction(force_rollback=True):
        base.execute(case.up.encode())
        (loss,) = losses_of(base, case)
        assert base.execute(loss.witness.encode()).fetchone() == (0,)
        base.execute(case.written.encode())

        assert base.execute(loss.witness.encode()).fetchone() == (case.rows,)
        assert loss.destroys is case.destroys


@pytest.mark.parametrize("name", STOPPING)
def test_what_it_counts_does_stop_the_way_down(base: Connection[Any], name: str) -> None:
    case = STOPPING[name]
    with base.transaction(force_rollback=True):
        base.execute(case.up.encode())
        base.execute(case.written.encode())

        with pytest.raises(psycopg.errors.IntegrityError):
            base.execute(case.down.encode())


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("ALTER TABLE item RENAME code TO label", "ALTER TABLE item RENAME label TO code"),
        ("ALTER TABLE item RENAME TO thing", "ALTER TABLE thing RENAME TO item"),
        ("CREATE INDEX extra ON item (code)", "DROP INDEX extra"),
        ("ALTER TABLE item ALTER code TYPE varchar(5)", "ALTER TABLE item ALTER code TYPE varchar(10)"),
        ("ALTER TABLE item ALTER size TYPE smallint", "ALTER TABLE item ALTER size TYPE integer"),
        ("ALTER TABLE item ALTER price TYPE numeric(5, 1)", "ALTER TABLE item ALTER price TYPE numeric(6, 2)"),
        ("CREATE VIEW seen AS SELECT 1 AS one", "DROP VIEW seen"),
        (
            "ALTER TABLE item ADD twice integer GENERATED ALWAYS AS (size * 2) STORED",
            "ALTER TABLE item DROP twice",
        ),
        ("CREATE UNIQUE INDEX once ON item (code)", "DROP INDEX once; CREATE UNIQUE INDEX other ON item (code)"),
    ],
)
def test_where_nothing_can_be_lost_there_is_no_witness(base: Connection[Any], up: str, down: str) -> None:
    with base.transaction(force_rollback=True):
        base.execute(up.encode())

        assert losses_of(base, Case(up, down, "", 0)) == ()


@pytest.fixture
def production(server: StagingServer, scratch_databases: Scratch) -> Iterator[str]:
    name = scratch_databases.create()
    with contextlib.closing(server.connect(name)) as session:
        session.execute(b"CREATE TABLE other (id int); CREATE TABLE item (id int, extra text)")
    yield name
    scratch_databases.drop(name)


DROPPED = Loss("public.other", None, "every row goes", "SELECT count(*) FROM ONLY public.other")
EMPTIED = Loss("public.item", "extra", "values go", "SELECT count(*) FROM ONLY public.item WHERE extra IS NOT NULL")


def test_it_counts_one_moment_while_others_write(server: StagingServer, production: str) -> None:
    """Each transaction of the writer adds five rows to lose to both tables: no count may fall between them."""
    stop, committed = threading.Event(), [0]

    def write() -> None:
        with contextlib.closing(server.connect(production)) as session:
            while not stop.is_set():
                with session.transaction():
                    session.execute("INSERT INTO other SELECT generate_series(1, 5)")
                    session.execute(
                        "INSERT INTO item SELECT n, CASE WHEN n > 2 THEN 'x' END FROM generate_series(1, 7) n"
                    )
                committed[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[tuple[int, tuple[LossWitness, ...], int]] = []
    try:
        while len(seen) < 15 or committed[0] < 15:
            least = committed[0]
            found = count_losses(url_of(server, production), (DROPPED, EMPTIED), TIMEOUT)
            seen.append((least, found, committed[0]))
    finally:
        stop.set()
        writer.join()

    for least, (dropped, emptied), most in seen:
        assert dropped.rows == emptied.rows
        assert dropped.rows is not None
        assert dropped.rows % 5 == 0
        assert least <= dropped.rows // 5 <= most + 1
    final = count_losses(url_of(server, production), (DROPPED,), TIMEOUT)
    assert final[0].rows == committed[0] * 5


def test_what_cannot_be_counted_is_unknown_and_the_rest_is_counted(server: StagingServer, production: str) -> None:
    slow = Loss("public.item", None, "slow", "SELECT count(*) FROM ONLY public.item, pg_sleep(5)")
    odd = Loss("public.item", None, "odd", "SELECT count(*) FROM ONLY public.item WHERE extra::integer IS NULL")
    with contextlib.closing(server.connect(production)) as session:
        session.execute("INSERT INTO item VALUES (1, 'x')")

        found = witness(session, (slow, odd, EMPTIED), timedelta(milliseconds=200))

    assert [one.rows for one in found] == [None, None, 1]
    assert not any(one.is_nothing for one in found)
    assert "too long" in str(found[0].reason)
    assert found[1].reason == "a value cannot be tested: InvalidTextRepresentation (SQLSTATE 22P02)"  # and not which


def test_a_table_that_is_locked_is_unknown(server: StagingServer, production: str) -> None:
    with contextlib.closing(server.connect(production)) as other, other.transaction():
        other.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")

        (found,) = count_losses(url_of(server, production), (EMPTIED,), TIMEOUT)

    assert found.rows is None


def test_rows_that_a_policy_hides_are_unknown_rather_than_few(server: StagingServer, production: str) -> None:
    with contextlib.closing(server.connect(production)) as session:
        session.execute(
            b"INSERT INTO item VALUES (1, 'x'); ALTER TABLE item ENABLE ROW LEVEL SECURITY;"
            b"GRANT SELECT ON item TO pg_monitor; SET ROLE pg_monitor"
        )

        (found,) = witness(session, (EMPTIED,), TIMEOUT)

    assert found.rows is None


def test_a_table_that_the_role_may_not_read_is_unknown(server: StagingServer, production: str) -> None:
    with contextlib.closing(server.connect(production)) as session:
        session.execute(b"SET ROLE pg_monitor")

        (found,) = witness(session, (DROPPED,), TIMEOUT)

    assert (found.rows, found.reason) == (None, "permission denied for table other")
