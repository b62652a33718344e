"""Prisma's note of a migration that gave way is taken back only where nothing of the migration can stand."""

from pathlib import Path

import psycopg
import pytest

from gatekeeper.apply.ledger import PrismaLedger
from gatekeeper.apply.prisma_note import is_one_transaction, take_back

ADD = "ALTER TABLE orders ADD COLUMN a int;\nALTER TABLE orders ADD COLUMN b int;\n"
ROW = "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES (%s, '', %s)"


@pytest.mark.parametrize(
    ("script", "one"),
    [
        (ADD, True),
        ("-- CreateIndex CONCURRENTLY\nCREATE INDEX i ON orders (a);", True),
        ("BEGIN;\n" + ADD + "COMMIT;", False),
        ("CREATE INDEX CONCURRENTLY i ON orders (a);", False),
        ("DO $$ BEGIN COMMIT; END $$;", False),
        ("CALL fill();", False),
        ("ALTER TABEL orders;", False),
    ],
)
def test_a_script_that_is_sent_as_one_string_is_one_transaction_unless_it_ends_one(script: str, one: bool) -> None:
    assert is_one_transaction(script) is one


@pytest.mark.parametrize(("script", "back"), [(ADD, True), ("CREATE INDEX CONCURRENTLY i ON orders (a);", False)])
def test_the_note_is_taken_back_or_left(script: str, back: bool, target: str, tmp_path: Path) -> None:
    file = tmp_path / "packages" / "db" / "migrations" / "2_more" / "migration.sql"
    file.parent.mkdir(parents=True)
    file.write_text(script)

    with psycopg.connect(target, autocommit=True) as connection:
        assert take_back(connection, tmp_path) is False  # no table, nothing to take back
        PrismaLedger().prepare(connection)
        connection.execute(ROW, ("1", "2_more"))
        assert take_back(connection, tmp_path) is back
        query = "SELECT count(*) FROM _prisma_migrations WHERE rolled_back_at IS NOT NULL"
        assert connection.execute(query).fetchone() == (int(back),)


def test_of_two_open_notes_or_a_script_that_is_not_there_nothing_can_be_said(target: str, tmp_path: Path) -> None:
    with psycopg.connect(target, autocommit=True) as connection:
        PrismaLedger().prepare(connection)
        connection.execute(ROW, ("1", "2_more"))
        assert take_back(connection, tmp_path) is False
        connection.execute(ROW, ("2", "3_more"))
        assert take_back(connection, tmp_path) is False
