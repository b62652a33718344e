"""A live database against its history, on real servers: what differs is told, and what belongs to the place is not."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.drift import Drift
from gatekeeper.model.proof import DifferenceClass
from gatekeeper.staging.built import HistoryDoesNotBuild
from gatekeeper.staging.catalog import Catalog, Entry
from gatekeeper.staging.comparable import at_home, between_versions
from gatekeeper.staging.compare import compare
from gatekeeper.staging.drift import drift_of, look_at
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Fragment, Migration, Script, Source
from tests.conftest import url_of

TIMEOUT = timedelta(seconds=20)
UPS = (
    "CREATE EXTENSION IF NOT EXISTS pgcrypto; CREATE TABLE item (id serial PRIMARY KEY, note text NOT NULL)",
    "CREATE INDEX item_note ON item (note); CREATE VIEW noted AS SELECT id FROM item WHERE note <> '';"
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE item ADD COLUMN price numeric(8, 2)",
)
AS_BUILT = (
    "CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC; SET ROLE shop_owner;"
    "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);"
    "INSERT INTO schema_migrations VALUES (2, false);"
)


def history() -> list[Migration]:
    return [
        Migration(
            f"000{number}", "golang_migrate", Path(f"{number}.up.sql"),
            Script((Fragment(sql, Source(Path(f"{number}.up.sql"), sql), 0, len(sql)),)), None,
        )
        for number, sql in enumerate(UPS, start=1)
    ]  # fmt: skip


@pytest.fixture
def live(any_server: StagingServer) -> Iterator[str]:
    """As it stands in production: another owner, settings of its own, the second of three migrations."""
    databases = Scratch(any_server)
    name = databases.create()
    with contextlib.closing(databases), contextlib.closing(any_server.connect(name)) as session:
        session.execute(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop_owner') THEN "
            "CREATE ROLE shop_owner SUPERUSER; END IF; END $$"
        )
        session.execute(f"ALTER DATABASE {name} OWNER TO shop_owner; ALTER DATABASE {name} SET jit TO off".encode())
        session.execute(b"SET ROLE shop_owner")
        if session.execute("SELECT FROM pg_available_extensions WHERE name = 'pgcrypto'").fetchone() is not None:
            session.execute("CREATE EXTENSION pgcrypto")
        session.execute(f"{AS_BUILT}; {UPS[0].partition(';')[2]}; {UPS[1]}".encode())
        session.execute("DROP SCHEMA extensions")
        yield url_of(any_server, name)


def drift(url: str, server: StagingServer, *tolerate: str) -> Drift:
    return drift_of(look_at(url, history()), history(), server, TIMEOUT, tolerate)


def test_a_database_that_its_history_built_has_not_drifted_on_any_server(live: str, server: StagingServer) -> None:
    """The history is built on the embedded PostgreSQL, whatever the version and the extensions of the database are."""
    found = drift(live, server)

    assert found.differences == ()
    assert found.applied is not None
    assert (found.applied.count, found.applied.last, found.applied.pending) == (2, "0002", ("0003",))


def test_what_was_done_by_hand_is_told_with_its_grade(
    live: str, server: StagingServer, any_server: StagingServer
) -> None:
    with contextlib.closing(any_server.connect(look_at(live, []).name.rpartition("/")[2])) as session:
        session.execute(
            b"DROP INDEX item_note; ALTER TABLE item ALTER note DROP NOT NULL; CREATE TABLE copied AS TABLE item;"
            b"GRANT SELECT ON item TO pg_monitor; COMMENT ON TABLE item IS 'by hand'"
        )
    found = drift(live, server, "cosmetic")

    told = {(one.difference, one.object): (one.grade.value, one.tolerated) for one in found.differences}
    assert (
        told.items()
        >= {
            (DifferenceClass.LOST, "index item_note on public.item"): ("performance", False),
            (DifferenceClass.CHANGED, "column public.item.note"): ("breaking", False),
            (DifferenceClass.LEFT_OVER, "table public.copied"): ("breaking", False),
            (DifferenceClass.CHANGED, "grants table public.item"): ("security", False),
            (DifferenceClass.LEFT_OVER, "comment table public.item"): ("cosmetic", True),
        }.items()
    )
    assert found.has_drifted


def test_a_history_that_does_not_build_is_no_answer(server: StagingServer, scratch_databases: Scratch) -> None:
    broken = history()[1:]
    live = look_at(url_of(server, scratch_databases.create()), broken)

    with pytest.raises(HistoryDoesNotBuild, match='0002 fails: relation "item" does not exist'):
        drift_of(live, broken, server, TIMEOUT, ())


def test_what_servers_of_two_versions_tell_differently_of_one_schema_is_no_difference() -> None:
    def catalog(*entries: Entry) -> Catalog:
        return between_versions(Catalog({(entry.kind, entry.name): entry for entry in entries}, {}))

    older = catalog(
        Entry("extension", "ltree", "1.2 in public"),
        Entry("grants", "table public.t", "shop=arwdDxt/shop", "public.t"),
        Entry("view", "public.v", "VIEW AS  SELECT t.id\n   FROM public.t;"),
    )
    newer = catalog(
        Entry("extension", "ltree", "1.3 in public"),
        Entry("grants", "table public.t", "shop=arwdDxtm/shop", "public.t"),
        Entry("view", "public.v", "VIEW AS  SELECT id\n   FROM public.t;"),
        Entry("not null constraint", "public.t.id", "NOT NULL", "public.t.id"),
    )

    assert compare(older, newer) == ()
    assert compare(older, catalog(Entry("extension", "ltree", "1.3 in other"))) != ()


names = st.sampled_from(["shop", "shop_owner", "pg_database_owner", "reader"])


@given(names.filter(lambda name: name != "pg_database_owner"), st.lists(names, max_size=4))
def test_only_the_name_of_the_usual_owner_is_no_difference(owner: str, others: list[str]) -> None:
    def catalog(usual: str) -> Catalog:
        owners = [usual] * (len(others) + 1) + others
        rights = ", ".join(sorted({f"{one}=r/{usual}" for one in (usual, *others)}))
        entries = [Entry("owner", f"table t{n}", one, f"t{n}") for n, one in enumerate(owners)]
        entries.append(Entry("grants", "table t0", rights, "t0"))
        return Catalog({(entry.kind, entry.name): entry for entry in entries}, {})

    elsewhere = catalog("postgres" if owner not in others else owner)

    assert compare(at_home(catalog(owner)), at_home(elsewhere)) == ()
