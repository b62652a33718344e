"""A way back that leaves or loses one single thing is found, whatever it is; the same thing made again is not."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.model.grade import GRADES
from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.catalog_reader import CatalogReader
from gatekeeper.staging.compare import compare, refutes
from gatekeeper.staging.data_probe import DataDigest, compare_data, digest
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from tests.pages import ROOT
from tests.staging.mutants import CONTROLS, MUTANTS, SCHEMA, Mutant

PAGE = ROOT / "docs" / "concepts" / "rollback-mutants.md"
SCHEMA_MUTANTS = [mutant for mutant in MUTANTS if mutant.grade != "data"]
DATA_MUTANTS = [mutant for mutant in MUTANTS if mutant.grade == "data"]


@dataclass(frozen=True, slots=True)
class Base:
    """The schema before any fault, and a session that takes every fault back."""

    session: Connection[Any]
    catalog: Catalog
    data: DataDigest
    version: int
    reader: CatalogReader

    def read_again(self, session: Connection[Any]) -> Catalog:
        """Only what has changed, as proofs do; the next one who asks begins from the base again."""
        return replace(self.reader).read(session)

    def skip_unless(self, mutant: Mutant) -> None:
        if self.version < mutant.since:
            pytest.skip(f"PostgreSQL {mutant.since} brought it")


@pytest.fixture(scope="module")
def base(any_server: StagingServer) -> Iterator[Base]:
    with scratch(any_server) as databases, contextlib.closing(any_server.connect(databases.create())) as session:
        session.execute(SCHEMA.encode())
        reader = CatalogReader()
        yield Base(session, reader.read(session), digest(session), any_server.version, reader)


@pytest.fixture
def changed(base: Base) -> Iterator[Connection[Any]]:
    with base.session.transaction(force_rollback=True):
        yield base.session


def test_there_are_enough_of_both() -> None:
    assert len(MUTANTS) >= 120
    assert len(CONTROLS) >= 20
    assert len({mutant.sql for mutant in MUTANTS}) == len(MUTANTS)


def test_the_page_of_the_docs_has_every_mutant_found_and_every_control_passed_over() -> None:
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    first_columns = {tuple(row.strip("| ").rsplit(" | ", 4)[:2]) for row in rows if row.startswith("| `")}

    told = {(f"`{mutant.sql}`".replace("|", r"\|"), "found") for mutant in MUTANTS}
    assert first_columns == told | {(f"`{control}`".replace("|", r"\|"), "–") for control in CONTROLS}


@pytest.mark.parametrize("mutant", SCHEMA_MUTANTS, ids=lambda mutant: mutant.sql)
def test_a_schema_that_differs_in_one_thing_is_refuted(base: Base, changed: Connection[Any], mutant: Mutant) -> None:
    base.skip_unless(mutant)
    changed.execute(mutant.sql.encode())

    after = base.read_again(changed)
    differences = compare(base.catalog, after)

    assert refutes(differences)
    assert after == catalog_of(changed)
    assert mutant.grade in {difference.grade.value for difference in differences}


@pytest.mark.parametrize("mutant", DATA_MUTANTS, ids=lambda mutant: mutant.sql)
def test_data_that_differs_in_one_thing_are_told(base: Base, changed: Connection[Any], mutant: Mutant) -> None:
    changed.execute(mutant.sql.encode())

    assert compare_data(base.data, digest(changed))
    assert not refutes(compare(base.catalog, catalog_of(changed)))


@pytest.mark.parametrize("control", CONTROLS)
def test_what_was_made_again_alike_is_no_difference(base: Base, changed: Connection[Any], control: str) -> None:
    changed.execute(control.encode())
    after = base.read_again(changed)

    assert [difference for difference in compare(base.catalog, after) if difference.refutes] == []
    assert after == catalog_of(changed)
    assert compare_data(base.data, digest(changed)) == ()


def test_a_catalog_that_is_not_touched_is_not_read_again(base: Base, changed: Connection[Any]) -> None:
    changed.execute("INSERT INTO clinic VALUES (9, 'west'); DELETE FROM ticket_holder; SELECT nextval('ticket')")

    assert base.read_again(changed) is base.catalog


def test_every_kind_of_object_has_a_grade(base: Base) -> None:
    assert {kind for kind, _ in base.catalog.entries} <= set(GRADES)


def test_an_index_is_told_with_its_table(base: Base, changed: Connection[Any]) -> None:
    changed.execute("DROP INDEX visit_note")

    (difference,) = compare(base.catalog, catalog_of(changed))

    assert difference.object == "index visit_note on public.visit"


def test_a_column_that_only_moved_does_not_refute(changed: Connection[Any]) -> None:
    changed.execute("CREATE TABLE pair (a integer, b integer)")
    before = catalog_of(changed)
    changed.execute("ALTER TABLE pair DROP COLUMN a; ALTER TABLE pair ADD COLUMN a integer")
    after = catalog_of(changed)

    (difference,) = compare(before, after)

    assert (difference.before, difference.after) == ("a, b", "b, a")
    assert not difference.refutes
    assert refutes(compare(before, after, tolerate=()))


def test_what_a_team_tolerates_is_told_but_does_not_refute(base: Base, changed: Connection[Any]) -> None:
    changed.execute("COMMENT ON TABLE clinic IS 'elsewhere'; DROP INDEX visit_note; GRANT SELECT ON visit TO PUBLIC")
    after = catalog_of(changed)

    tolerated = compare(base.catalog, after, tolerate=("comment", "performance", "grants"))

    assert len(tolerated) == 3
    assert not refutes(tolerated)
    assert [d.kind for d in compare(base.catalog, after, tolerate=("comment", "performance")) if d.refutes] == [
        "grants"
    ]


def test_what_hangs_on_a_lost_table_is_not_told_again(base: Base, changed: Connection[Any]) -> None:
    changed.execute("DROP TABLE visit CASCADE")

    kinds = {difference.kind for difference in compare(base.catalog, catalog_of(changed))}

    assert kinds == {"table", "view", "materialized view", "constraint"}
