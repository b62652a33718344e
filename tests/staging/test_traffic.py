"""Visitors of a table wait for as long as a migration holds it, and the report says for how long."""

from datetime import timedelta
from pathlib import Path

from gatekeeper.model.proof import VisitorWait
from gatekeeper.report.proofs import as_text
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.server import Choice, StagingServer
from gatekeeper.staging.traffic import with_traffic
from tests.staging.test_rollback_proof import TABLE, history

HELD_SECONDS = 0.4
OTHER = ("CREATE TABLE other (id bigint PRIMARY KEY)", "DROP TABLE other")
HOLDS_READS = (f"ALTER TABLE item ADD COLUMN note text; SELECT pg_sleep({HELD_SECONDS})", "ALTER TABLE item DROP note")
HOLDS_WRITES = (f"CREATE INDEX item_code ON item (code); SELECT pg_sleep({HELD_SECONDS})", "DROP INDEX item_code")


def waits(server: StagingServer, step: tuple[str, str]) -> dict[bool, VisitorWait]:
    """Of the way up: False for who reads, True for who writes."""
    migrations = history(TABLE, OTHER, step)
    report = prove(migrations, server, selected={Path("2.sql")})
    report = with_traffic(report, migrations, Choice(server.url), timedelta(seconds=20))
    assert "up, among visitors of public.item: reads waited" in as_text(report)
    assert {str(wait.relation) for wait in report.proofs[-1].traffic} == {"public.item"}  # nobody visits `other`
    return {wait.writes: wait for wait in report.proofs[-1].traffic if wait.direction == "up"}


def test_everybody_waits_until_an_exclusive_lock_is_gone(server: StagingServer) -> None:
    found = waits(server, HOLDS_READS)

    assert min(wait.longest_seconds for wait in found.values()) > HELD_SECONDS * 0.9


def test_only_those_who_write_wait_for_an_index(server: StagingServer) -> None:
    found = waits(server, HOLDS_WRITES)

    assert found[True].longest_seconds > HELD_SECONDS * 0.9
    assert found[False].longest_seconds < found[True].longest_seconds
