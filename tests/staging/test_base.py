"""A history that does not begin from nothing begins with the schema of the staging database, which is only read."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.model.proof import ProofVerdict
from gatekeeper.staging.base import base_of
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.row_sample import take_sample
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.staging.test_rollback_proof import history

SCHEMA = """
CREATE TABLE clinic (id bigint PRIMARY KEY, name text);
CREATE TABLE patient (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, clinic_id bigint NOT NULL REFERENCES clinic,
    referred_by bigint REFERENCES patient, code text NOT NULL);
INSERT INTO clinic SELECT n, 'clinic ' || n FROM generate_series(1, 50) n;
INSERT INTO patient (clinic_id, referred_by, code) SELECT 50 - n % 40, CASE WHEN n > 1 THEN n - 1 END, 'x' || n
  FROM generate_series(1, 40) n;
CREATE TABLE gatekeeper_migrations (id text PRIMARY KEY, digest text);
INSERT INTO gatekeeper_migrations VALUES ('0', 'of the first');
"""
STEPS = history(
    ("CREATE TABLE clinic (id bigint)", "DROP TABLE clinic"),
    ("ALTER TABLE patient ADD COLUMN phone text", "ALTER TABLE patient DROP COLUMN phone"),
    ("ALTER TABLE patient ALTER code TYPE integer USING code::integer", "SELECT 1"),
)


@pytest.fixture
def staging(server: StagingServer, scratch_databases: Scratch) -> Iterator[tuple[str, Connection[Any]]]:
    """A staging database with rows in it, and its URL."""
    name = scratch_databases.create()
    with contextlib.closing(server.connect(name)) as connection:
        connection.execute(SCHEMA.encode())
        yield url_of(server, name), connection
    scratch_databases.drop(name)


def test_only_what_the_bookkeeping_does_not_list_is_run_on_its_schema(
    server: StagingServer, staging: tuple[str, Connection[Any]]
) -> None:
    url, connection = staging
    report = prove(STEPS[:2], server, base=base_of(url, STEPS, 0, server.version))

    assert [(proof.id, proof.verdict) for proof in report.proofs] == [("1", ProofVerdict.LOSSY)]
    assert (report.base is not None, report.applied) == (True, 1)
    assert connection.execute("SELECT count(*), max(code) FROM patient").fetchone() == (40, "x9")


def test_rows_of_the_same_server_come_along_and_are_not_quoted(
    server: StagingServer, staging: tuple[str, Connection[Any]]
) -> None:
    url, _ = staging
    base = base_of(url, STEPS, 3, server.version)
    failure = prove(STEPS, server, selected={STEPS[2].path}, base=base).proofs[0].failure

    assert failure is not None
    assert failure.sqlstate == "22P02"
    assert "x" + "1" not in failure.message


def test_a_sample_is_bounded_and_its_foreign_keys_hold(
    scratch_databases: Scratch, server: StagingServer, staging: tuple[str, Connection[Any]]
) -> None:
    _, connection = staging
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        sample = take_sample(connection, 3)
    name = scratch_databases.create()
    with contextlib.closing(server.connect(name)) as copy:
        copy.execute(SCHEMA.partition("INSERT")[0].encode())
        taken = sample.put(copy)
        counted = copy.execute("SELECT (SELECT count(*) FROM clinic), (SELECT count(*) FROM patient)").fetchone()
        last = copy.execute("SELECT last_value FROM patient_id_seq").fetchone()
    scratch_databases.drop(name)

    assert (taken, counted, last) == (2, (6, 3), (40,))
