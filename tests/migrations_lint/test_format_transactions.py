"""How each tool is told to leave its transaction, and which transactions a file is really run in."""

from pathlib import Path

import pytest

from gatekeeper.apply.statements import batches_of
from gatekeeper.staging.lock_trace import trace
from gatekeeper.staging.server import StagingServer
from migrations_lint.edits import edited
from migrations_lint.engine import lint
from migrations_lint.formats import formats
from migrations_lint.history import read_history
from migrations_lint.model import Edit, Migration
from tests.migrations_lint.layouts import LAYOUTS

LONE = "ALTER TYPE mood ADD VALUE 'calm';"
TWO = f"ALTER TABLE clinics ADD COLUMN name text;\n{LONE}"
LEAVES = {
    "dbmate": {"1_a.sql": "-- migrate:up transaction:false\n" + LONE + "\n-- migrate:down\n"},
    "diesel": {"1_a/metadata.toml": "run_in_transaction = false\n"},
    "flyway": {"V1__a.sql.conf": "executeInTransaction=false\n"},
    "goose": {
        "1_a.sql": "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\n" + LONE + "\n"
        "-- +goose StatementEnd\n"
    },
    "sqlx": {"1_a.up.sql": "-- no-transaction\n" + LONE},
}
SEES_FOR_ITSELF = {"flyway", "golang_migrate", "prisma", "raw_sql"}
SENDS_ONE_STRING = {"dbmate", "diesel", "golang_migrate", "goose", "prisma", "sqlx"}


def laid_out(tool: str, sql: str, root: Path) -> Migration:
    path = root / LAYOUTS[tool].path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LAYOUTS[tool].framed(sql))
    (migration,) = read_history([root], tool).migrations
    return migration


def apply(edits: tuple[Edit, ...]) -> None:
    for edit in edits:
        text = edit.path.read_text() if edit.path.exists() else ""
        edit.path.write_text(edited(text, [edit]))


@pytest.mark.parametrize("tool", sorted(LEAVES))
def test_a_lone_statement_leaves_the_transaction_in_the_words_of_its_tool(tool: str, tmp_path: Path) -> None:
    migration = laid_out(tool, LONE, tmp_path)
    assert migration.in_transaction
    edits = formats()[tool].outside_transaction(migration, migration.up.fragments[0])
    assert edits

    apply(edits)

    (after,) = read_history([tmp_path], tool).migrations
    assert not after.in_transaction
    assert formats()[tool].outside_transaction(after, after.up.fragments[0]) == ()
    for name, text in LEAVES[tool].items():
        assert (tmp_path / name).read_text().split() == text.split()


def test_a_setting_that_is_there_is_changed(tmp_path: Path) -> None:
    laid_out("diesel", LONE, tmp_path)
    (tmp_path / "1_a/metadata.toml").write_text("# why\nrun_in_transaction = true # so\n")
    (migration,) = read_history([tmp_path], "diesel").migrations

    apply(formats()["diesel"].outside_transaction(migration, migration.up.fragments[0]) or ())

    assert (tmp_path / "1_a/metadata.toml").read_text() == "# why\nrun_in_transaction = false # so\n"


@pytest.mark.parametrize("tool", sorted(SEES_FOR_ITSELF))
def test_nothing_is_written_where_a_lone_statement_is_outside_already(tool: str, tmp_path: Path) -> None:
    migration = laid_out(tool, "VACUUM clinics;", tmp_path)

    assert not migration.in_transaction
    assert formats()[tool].outside_transaction(migration, migration.up.fragments[0]) == ()


@pytest.mark.parametrize("tool", sorted(SENDS_ONE_STRING - {"goose"}))
def test_no_word_keeps_several_statements_of_one_string_out_of_a_transaction(tool: str, tmp_path: Path) -> None:
    migration = laid_out(tool, TWO, tmp_path)

    assert migration.in_transaction
    assert formats()[tool].outside_transaction(migration, migration.up.fragments[0]) is None


def two_blocks(root: Path) -> Migration:
    (root / "1_a.sql").write_text(
        "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n"
        "-- migrate:up\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);\n-- migrate:down\nDROP TABLE b;\n"
    )
    (migration,) = read_history([root]).migrations
    return migration


def test_blocks_of_one_file_are_transactions_of_their_own(tmp_path: Path) -> None:
    report = lint([two_blocks(tmp_path)])

    assert [statement.transaction for statement in report.migrations[0].statements] == [1, 2, 2, 1, 2]


def test_blocks_of_one_file_are_applied_one_after_the_other(tmp_path: Path) -> None:
    assert [len(batch.statements) for batch in batches_of(two_blocks(tmp_path))] == [1, 2]


def test_blocks_of_one_file_are_committed_one_after_the_other(embedded: StagingServer, tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text(
        "-- migrate:up\nCREATE TEMPORARY TABLE a (id int) ON COMMIT DROP;\n-- migrate:down\n"
        "-- migrate:up\nCREATE TEMPORARY TABLE a (id int);\n-- migrate:down\n"
    )
    (migration,) = read_history([tmp_path]).migrations

    with embedded.connect() as connection:
        assert len(trace(connection, migration.up).statements) == 2
