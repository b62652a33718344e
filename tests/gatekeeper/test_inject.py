"""`gatekeeper inject` on real folders: what it writes, what it leaves alone, and when it refuses."""

import json
import stat
from pathlib import Path

import pytest

from gatekeeper.writing import NotWritten, replace_files
from tests.gatekeeper.commands import gatekeeper

ADDS_A_COLUMN = "ALTER TABLE clinics ADD COLUMN name text;\n"
REVISION = '''"""Names."""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade() -> None:
    op.add_column("clinics", sa.Column("name", sa.Text()))


def downgrade() -> None:
    op.drop_column("clinics", "name")
'''


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_names.up.sql").write_text(ADDS_A_COLUMN)
    (folder / "1_names.down.sql").write_text("ALTER TABLE clinics DROP COLUMN name;\n")
    return folder


def test_each_changed_file_is_told_with_its_line(migrations: Path) -> None:
    answer = gatekeeper("inject")

    assert answer.exit_code == 0
    assert answer.out.splitlines() == [
        "migrations/1_names.up.sql",
        "  line 1: SET LOCAL lock_timeout = '2s'",
        "migrations/1_names.down.sql",
        "  line 1: SET LOCAL lock_timeout = '2s'",
        "2 files changed.",
    ]
    assert (migrations / "1_names.up.sql").read_text() == "SET LOCAL lock_timeout = '2s';\n" + ADDS_A_COLUMN


def test_the_second_run_changes_nothing(migrations: Path) -> None:
    gatekeeper("inject")
    before = (migrations / "1_names.up.sql").read_bytes()

    answer = gatekeeper("inject", "--check")

    assert (answer.exit_code, answer.out) == (
        0,
        "Every migration that may wait for a lock sets lock_timeout already.\n",
    )
    assert (migrations / "1_names.up.sql").read_bytes() == before


def test_check_writes_nothing_and_says_no(migrations: Path) -> None:
    answer = gatekeeper("inject", "--check")

    assert answer.exit_code == 1
    assert "2 files would change." in answer.out
    assert (migrations / "1_names.up.sql").read_text() == ADDS_A_COLUMN


def test_diff_is_a_patch_and_writes_nothing(migrations: Path) -> None:
    (migrations / "1_names.up.sql").write_text(ADDS_A_COLUMN.rstrip())

    answer = gatekeeper("inject", "migrations/1_names.up.sql", "--diff")

    assert answer.exit_code == 0
    assert answer.out.startswith("--- a/migrations/1_names.up.sql\n+++ b/migrations/1_names.up.sql\n")
    assert "+SET LOCAL lock_timeout = '2s';\n" in answer.out
    assert "\\ No newline at end of file\n" in answer.out
    assert (migrations / "1_names.up.sql").read_text() == ADDS_A_COLUMN.rstrip()


def test_a_file_that_is_named_is_the_only_migration_that_changes(migrations: Path) -> None:
    (migrations / "2_city.up.sql").write_text("ALTER TABLE clinics ADD COLUMN city text;\n")

    gatekeeper("inject", "migrations/2_city.up.sql")

    assert "SET LOCAL" in (migrations / "2_city.up.sql").read_text()
    assert (migrations / "1_names.up.sql").read_text() == ADDS_A_COLUMN


def test_json_lists_files_and_edits(migrations: Path) -> None:
    answer = json.loads(gatekeeper("inject", "--check", "--format", "json").out)

    assert answer["version"] == 1
    assert answer["written"] is False
    assert answer["summary"] == {"files": 2, "edits": 2}
    assert answer["files"][0] == {
        "path": "migrations/1_names.up.sql",
        "edits": [{"line": 1, "column": 1, "text": "SET LOCAL lock_timeout = '2s';\n"}],
    }


def test_the_settings_say_how_long(migrations: Path) -> None:
    Path("gatekeeper.toml").write_text('[inject]\nlock_timeout = "500ms"\nstatement_timeout = "5min"\n')

    gatekeeper("inject")

    assert (migrations / "1_names.up.sql").read_text() == (
        "SET LOCAL lock_timeout = '500ms';\nSET LOCAL statement_timeout = '5min';\n" + ADDS_A_COLUMN
    )


def test_a_statement_timeout_that_would_fire_first_is_refused(migrations: Path) -> None:
    Path("gatekeeper.toml").write_text('[inject]\nlock_timeout = "2s"\nstatement_timeout = "1s"\n')

    answer = gatekeeper("inject")

    assert answer.exit_code == 2
    assert "inject.statement_timeout is not longer than inject.lock_timeout" in answer.err


def test_one_unreadable_file_and_none_is_touched(migrations: Path) -> None:
    (migrations / "2_latin.up.sql").write_bytes("-- Köln\n".encode("latin-1") + ADDS_A_COLUMN.encode())

    answer = gatekeeper("inject")

    assert answer.exit_code == 3
    assert "migrations/2_latin.up.sql:1: byte 4 is not UTF-8" in answer.err
    assert (migrations / "1_names.up.sql").read_text() == ADDS_A_COLUMN


def test_line_ends_byte_order_mark_and_mode_are_kept(migrations: Path) -> None:
    file = migrations / "1_names.up.sql"
    file.write_bytes(b"\xef\xbb\xbf-- names\r\n" + ADDS_A_COLUMN.replace("\n", "\r\n").encode())
    file.chmod(0o640)

    gatekeeper("inject")

    assert file.read_bytes() == (
        b"\xef\xbb\xbf-- names\r\nSET LOCAL lock_timeout = '2s';\r\n" + ADDS_A_COLUMN.replace("\n", "\r\n").encode()
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_link_stays_a_link(migrations: Path) -> None:
    real = migrations.parent / "real.sql"
    (migrations / "1_names.up.sql").rename(real)
    (migrations / "1_names.up.sql").symlink_to(real)

    gatekeeper("inject")

    assert (migrations / "1_names.up.sql").is_symlink()
    assert "SET LOCAL" in real.read_text()


def test_an_alembic_revision_gets_calls_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    versions = tmp_path / "migrations"
    versions.mkdir()
    (versions / "a1.py").write_text(REVISION)

    answer = gatekeeper("inject", "migrations/a1.py")

    assert answer.out.count("op.execute(\"SET LOCAL lock_timeout = '2s'\")") == 2
    assert (versions / "a1.py").read_text().count("    op.execute(\"SET LOCAL lock_timeout = '2s'\")\n    op.") == 2


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    answer = gatekeeper("inject", "nowhere")

    assert (answer.exit_code, "no migrations at nowhere" in answer.err) == (3, True)


def test_a_write_that_fails_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    first = tmp_path / "first.sql"
    first.write_text("before")
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(NotWritten, match="cannot write"):
        replace_files({first: "after", tmp_path / "file" / "second.sql": "after"})

    assert first.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "first.sql"]


def test_the_settings_say_how_long_each_kind_of_statement_may_take(migrations: Path) -> None:
    Path("gatekeeper.toml").write_text(
        '[inject]\nstatement_timeout = "5s"\nlong_statement_timeout = "1h"\n'
        'idle_in_transaction_session_timeout = "10s"\n[migrations]\nformat = "raw_sql"\n'
    )
    (migrations / "1_names.up.sql").write_text(ADDS_A_COLUMN + "ALTER TABLE clinics VALIDATE CONSTRAINT named;\n")
    (migrations / "2_index.up.sql").write_text("CREATE INDEX CONCURRENTLY clinics_name ON clinics (name);\n")

    gatekeeper("inject")

    assert (migrations / "1_names.up.sql").read_text() == (
        "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '5s';\n"
        "SET LOCAL idle_in_transaction_session_timeout = '10s';\n"
        + ADDS_A_COLUMN
        + "SET LOCAL statement_timeout = '1h';\nALTER TABLE clinics VALIDATE CONSTRAINT named;\n"
    )
    assert (migrations / "2_index.up.sql").read_text() == (
        "SET statement_timeout = '1h';\nCREATE INDEX CONCURRENTLY clinics_name ON clinics (name);\n"
        "RESET statement_timeout;\n"
    )
    assert gatekeeper("inject", "--check").exit_code == 0


def test_what_a_string_of_the_tool_leaves_no_place_for_is_named_with_the_reason(migrations: Path) -> None:
    Path("gatekeeper.toml").write_text('[inject]\nstatement_timeout = "5s"\n')
    (migrations / "2_index.up.sql").write_text("CREATE INDEX CONCURRENTLY clinics_name ON clinics (name);\n")

    said = gatekeeper("inject").out
    again = json.loads(gatekeeper("inject", "--check", "--format", "json").out)

    assert "migrations/2_index.up.sql:1: CREATE INDEX CONCURRENTLY gets no statement_timeout: golang_migrate" in said
    assert [each["line"] for each in again["left_alone"]] == [1]
    assert "SQLSTATE 25001" in again["left_alone"][0]["reason"]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ('long_statement_timeout = "1h"', "set without inject.statement_timeout"),
        ('statement_timeout = "5s"\nlong_statement_timeout = "3s"', "shorter than inject.statement_timeout"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(migrations: Path, settings: str, what: str) -> None:
    Path("gatekeeper.toml").write_text(f"[inject]\n{settings}\n")

    answer = gatekeeper("inject")

    assert (answer.exit_code, what in answer.err) == (2, True)
