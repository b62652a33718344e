"""The server is the one that production and the history ask for, of those at hand."""

from pathlib import Path

import pytest

from gatekeeper.staging.at_hand import Installed, ServerKind, choose, extensions_of, servers_at_hand
from gatekeeper.staging.cluster import machine_binaries
from gatekeeper.staging.server import staging_server
from migrations_lint.model import Fragment, Migration, Script, Source


def installed(kind: ServerKind, version: int, *extensions: str) -> Installed:
    return Installed(kind, Path("/"), version, frozenset(extensions))


EMBEDDED = installed(ServerKind.EMBEDDED, 18, "citext")
FIFTEEN = installed(ServerKind.MACHINE, 15, "citext", "pgcrypto", "postgis")
FOURTEEN = installed(ServerKind.MACHINE, 14, "citext")


@pytest.mark.parametrize(
    ("version", "needed", "chosen"),
    [
        (15, (), FIFTEEN),
        (15, ("pgcrypto",), FIFTEEN),
        (14, (), FOURTEEN),
        (14, ("pgcrypto",), EMBEDDED),  # it can be stood in for
        (14, ("postgis",), FIFTEEN),  # nothing stands in for it
        (16, (), EMBEDDED),
        (18, ("citext",), EMBEDDED),
        (15, ("timescaledb",), EMBEDDED),  # nobody has it: the error is the same everywhere
    ],
)
def test_version_first_then_what_the_history_creates(version: int, needed: tuple[str, ...], chosen: Installed) -> None:
    assert choose((EMBEDDED, FIFTEEN, FOURTEEN), version, needed) is chosen


def test_without_the_embedded_postgresql_the_machine_has_to_do() -> None:
    assert choose((FOURTEEN,), 15, ()) is FOURTEEN
    assert choose((), 15, ()) is None


def test_only_what_is_created_for_certain_is_needed() -> None:
    sql = """
        CREATE EXTENSION IF NOT EXISTS "uuid-ossp"; CREATE EXTENSION Citext;
        DO $$ BEGIN CREATE EXTENSION postgis; END $$; -- CREATE EXTENSION commented
    """
    script = Script((Fragment(sql, Source(Path("x.sql"), sql), 0, len(sql)),))

    assert extensions_of([Migration("1", "raw_sql", Path("x.sql"), script, None)]) == {"uuid-ossp", "citext"}


def test_the_embedded_postgresql_knows_its_version_and_extensions() -> None:
    embedded = servers_at_hand()[0]

    assert (embedded.kind, embedded.version) == (ServerKind.EMBEDDED, 18)
    assert "citext" in embedded.extensions
    assert "pgcrypto" not in embedded.extensions


@pytest.mark.skipif(15 not in machine_binaries(), reason="this machine has no PostgreSQL 15")
def test_a_machine_with_productions_version_runs_that() -> None:
    with staging_server(version=15, extensions=["pgcrypto"]) as server:
        assert (server.kind, server.version) == (ServerKind.MACHINE, 15)
