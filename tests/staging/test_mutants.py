"""A way back that leaves or loses one single thing is found, whatever it is; the same thing made again is not."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.compare import compare, refutes
from gatekeeper.staging.data_probe import compare_data, digest
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer

SCHEMA = """
    CREATE TYPE mood AS ENUM ('calm', 'busy');
    CREATE DOMAIN score AS integer CHECK (VALUE > 0);
    CREATE TABLE clinic (id integer PRIMARY KEY, name text NOT NULL);
    CREATE TABLE visit (
        id serial PRIMARY KEY, clinic_id integer REFERENCES clinic, note varchar(40) DEFAULT 'none',
        mood mood, score score, CONSTRAINT short_note CHECK (length(note) < 30));
    CREATE INDEX visit_note ON visit (note);
    CREATE VIEW busy AS SELECT id FROM visit WHERE mood = 'busy';
    CREATE MATERIALIZED VIEW notes AS SELECT id FROM visit;
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER stamped BEFORE UPDATE ON visit FOR EACH ROW EXECUTE FUNCTION stamp();
    CREATE RULE quiet AS ON DELETE TO clinic DO INSTEAD NOTHING;
    CREATE POLICY own ON visit USING (clinic_id = 1);
    ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
    CREATE STATISTICS visit_pair ON clinic_id, note FROM visit;
    CREATE SEQUENCE ticket;
    CREATE TABLE log (at date) PARTITION BY RANGE (at);
    CREATE TABLE log_2020 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    COMMENT ON COLUMN visit.note IS 'what was said';
    INSERT INTO clinic VALUES (1, 'north'), (2, 'south');
    INSERT INTO visit (clinic_id, note) VALUES (1, 'first'), (2, 'second');
"""

SCHEMA_MUTANTS = [
    "CREATE TABLE extra (id integer)",
    "DROP INDEX visit_note",
    "CREATE INDEX extra ON visit (mood)",
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'visit_note'::regclass",
    "ALTER TABLE visit CLUSTER ON visit_note",
    "ALTER TABLE visit DROP CONSTRAINT short_note",
    "ALTER TABLE visit DROP CONSTRAINT short_note, ADD CONSTRAINT short_note CHECK (length(note) < 30) NOT VALID",
    "ALTER TABLE visit ALTER CONSTRAINT visit_clinic_id_fkey DEFERRABLE",
    "ALTER TABLE visit ALTER note DROP DEFAULT",
    "ALTER TABLE clinic ALTER name DROP NOT NULL",
    "ALTER TABLE visit ALTER note TYPE varchar(50)",
    "ALTER TABLE visit ALTER note TYPE varchar(40) COLLATE \"C\"",
    "ALTER TABLE visit ALTER note SET STORAGE external",
    "ALTER TABLE visit ALTER note SET COMPRESSION pglz",
    "ALTER TABLE visit ALTER note SET STATISTICS 500",
    "ALTER TABLE visit SET (fillfactor = 70)",
    "ALTER TABLE visit SET UNLOGGED",
    "ALTER TABLE visit REPLICA IDENTITY FULL",
    "COMMENT ON COLUMN visit.note IS NULL",
    "COMMENT ON COLUMN visit.note IS 'other words'",
    "GRANT SELECT ON visit TO PUBLIC",
    "GRANT SELECT (note) ON visit TO PUBLIC",
    "ALTER TABLE visit OWNER TO pg_read_all_data",
    "ALTER FUNCTION stamp() OWNER TO pg_read_all_data",
    "REVOKE EXECUTE ON FUNCTION stamp() FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "ALTER TABLE visit DISABLE TRIGGER stamped",
    "DROP TRIGGER stamped ON visit",
    "DROP RULE quiet ON clinic",
    "DROP POLICY own ON visit",
    "ALTER POLICY own ON visit USING (clinic_id = 2)",
    "ALTER TABLE visit DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE visit FORCE ROW LEVEL SECURITY",
    "ALTER TYPE mood ADD VALUE 'angry'",
    "ALTER TYPE mood RENAME VALUE 'calm' TO 'quiet'",
    "ALTER DOMAIN score SET DEFAULT 1",
    "ALTER DOMAIN score ADD CHECK (VALUE < 100)",
    "ALTER SEQUENCE visit_id_seq OWNED BY NONE",
    "ALTER SEQUENCE ticket INCREMENT 5",
    "CREATE OR REPLACE VIEW busy AS SELECT id FROM visit WHERE mood = 'calm'",
    "ALTER VIEW busy SET (security_barrier = true)",
    "REFRESH MATERIALIZED VIEW notes WITH NO DATA",
    "CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "ALTER FUNCTION stamp() SECURITY DEFINER",
    "ALTER FUNCTION stamp() SET search_path = public",
    "DROP STATISTICS visit_pair",
    "ALTER TABLE log DETACH PARTITION log_2020",
    "CREATE PUBLICATION news FOR TABLE visit",
    "CREATE EXTENSION citext",
    "CREATE SCHEMA extra",
    "ALTER TABLE visit RENAME note TO remark",
]  # fmt: skip
DATA_MUTANTS = [
    "DELETE FROM visit WHERE id = 1",
    "INSERT INTO clinic VALUES (3, 'east')",
    "UPDATE visit SET note = 'lost' WHERE id = 1",
    "UPDATE visit SET note = NULL",
    "ALTER SEQUENCE visit_id_seq RESTART",
]
CONTROLS = [
    "DROP INDEX visit_note; CREATE INDEX visit_note ON visit (note)",
    "DROP VIEW busy; CREATE VIEW busy AS SELECT id FROM visit WHERE mood = 'busy'",
    "DROP POLICY own ON visit; CREATE POLICY own ON visit USING (clinic_id = 1)",
    "DROP TABLE log; CREATE TABLE log (at date) PARTITION BY RANGE (at);"
    " CREATE TABLE log_2020 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "ALTER TABLE visit RENAME note TO remark; ALTER TABLE visit RENAME remark TO note",
    "GRANT SELECT ON visit TO PUBLIC; REVOKE SELECT ON visit FROM PUBLIC",
]  # fmt: skip


@pytest.fixture(scope="module")
def base(server: StagingServer, scratch_databases: Scratch) -> str:
    name = scratch_databases.create()
    with contextlib.closing(server.connect(name)) as session:
        session.execute(SCHEMA.encode())
    return name


@pytest.fixture(scope="module")
def before(server: StagingServer, base: str) -> Catalog:
    with contextlib.closing(server.connect(base)) as session:
        return catalog_of(session)


@pytest.fixture
def copy(server: StagingServer, scratch_databases: Scratch, base: str, before: Catalog) -> Iterator[Connection[Any]]:
    name = scratch_databases.create(base)
    with contextlib.closing(server.connect(name)) as session:
        yield session
    scratch_databases.drop(name)


@pytest.mark.parametrize("mutant", SCHEMA_MUTANTS)
def test_a_schema_that_differs_in_one_thing_is_refuted(copy: Connection[Any], before: Catalog, mutant: str) -> None:
    copy.execute(mutant.encode())

    assert refutes(compare(before, catalog_of(copy)))


@pytest.mark.parametrize("mutant", DATA_MUTANTS)
def test_data_that_differs_in_one_thing_are_told(copy: Connection[Any], mutant: str) -> None:
    before = digest(copy)
    copy.execute(mutant.encode())

    assert compare_data(before, digest(copy))


@pytest.mark.parametrize("control", CONTROLS)
def test_what_was_made_again_alike_is_no_difference(copy: Connection[Any], before: Catalog, control: str) -> None:
    rows = digest(copy)
    copy.execute(control.encode())

    assert compare(before, catalog_of(copy)) == ()
    assert compare_data(rows, digest(copy)) == ()


def test_a_column_that_only_moved_does_not_refute(copy: Connection[Any]) -> None:
    copy.execute("CREATE TABLE pair (a integer, b integer)")
    before = catalog_of(copy)
    copy.execute("ALTER TABLE pair DROP COLUMN a; ALTER TABLE pair ADD COLUMN a integer")

    (difference,) = compare(before, catalog_of(copy))

    assert (difference.before, difference.after) == ("a, b", "b, a")
    assert not difference.refutes


def test_what_hangs_on_a_lost_table_is_not_told_again(copy: Connection[Any], before: Catalog) -> None:
    copy.execute("DROP TABLE visit CASCADE")

    kinds = {difference.kind for difference in compare(before, catalog_of(copy))}

    assert kinds == {"table", "view", "materialized view"}
