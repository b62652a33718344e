"""The log in the store: only added to, one chain whoever writes, and names kept apart from what they did."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from gatekeeper.model.audit import NO_ENTRY_BEFORE, AuditEvent
from gatekeeper.store.audit import AuditLog, append
from gatekeeper.store.connect import SCHEMA, connect, read_url
from gatekeeper.store.schema import bring_up_to_date

NOW = datetime(2026, 11, 24, 9, 30, 0, 123_456, UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/store.sqlite" if sqlite else str(request.getfixturevalue("postgresql_url"))
    engine = connect(read_url(url))
    bring_up_to_date(engine)
    yield engine
    engine.dispose()


def said(engine: Engine, who: str, action: str = "approve") -> None:
    with engine.begin() as connection:
        append(connection, AuditEvent(who, action, "r1", NOW, "d" * 64, {"reason": "seen"}))


def test_entries_are_numbered_and_each_names_the_one_before(engine: Engine) -> None:
    for who in ("ada", "grace", "ada"):
        said(engine, who)

    first, second, third = AuditLog(engine).entries()
    assert [one.number for one in (first, second, third)] == [0, 1, 2]
    assert (first.previous, second.previous, third.previous) == (NO_ENTRY_BEFORE, first.sha256, second.sha256)
    assert first.at == NOW


def test_an_entry_names_nobody_and_one_person_has_one_pseudonym(engine: Engine) -> None:
    for who in ("ada@example.com", "grace@example.com", "ada@example.com"):
        said(engine, who)

    log = AuditLog(engine)
    first, second, third = log.entries()
    assert first.actor == third.actor != second.actor
    assert "ada" not in first.canonical().decode()
    assert log.actors()[first.actor] == "ada@example.com"


def test_equal_details_have_different_digests_so_that_they_cannot_be_guessed(engine: Engine) -> None:
    said(engine, "ada")
    said(engine, "ada")

    first, second = AuditLog(engine).entries()
    assert first.details != second.details
    assert AuditLog(engine).details()[first.details]["reason"] == "seen"


@pytest.mark.parametrize("change", ["UPDATE {} SET action = 'reject'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_an_entry(engine: Engine, change: str) -> None:
    said(engine, "ada")
    table = f"{SCHEMA}.audit_entries" if engine.dialect.name == "postgresql" else "audit_entries"

    with pytest.raises(DatabaseError, match="only ever added to"), engine.begin() as connection:
        connection.execute(text(change.format(table)))

    assert [one.action for one in AuditLog(engine).entries()] == ["approve"]


def test_what_was_not_committed_was_not_said(engine: Engine) -> None:
    with engine.connect() as connection:
        append(connection, AuditEvent("ada", "approve", "r1", NOW))
        connection.rollback()

    assert AuditLog(engine).entries() == ()


def test_many_who_write_at_once_make_one_chain(engine: Engine) -> None:
    def write(number: int) -> None:
        for _ in range(8):
            said(engine, f"writer {number}")

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    entries = AuditLog(engine).entries()
    assert [one.number for one in entries] == list(range(32))
    assert all(after.previous == before.sha256 for before, after in pairwise(entries))


def test_a_head_is_kept_once(engine: Engine) -> None:
    log = AuditLog(engine)
    log.add_head(3, "first")
    log.add_head(3, "second")
    log.add_head(5, "third")

    assert log.heads() == ("first", "third")
