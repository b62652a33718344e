"""Reading histories from disk: what is found, what is selected, and what is named because it cannot be read."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrations_lint.errors import LintError
from migrations_lint.formats import formats
from migrations_lint.history import NoHistory, UnknownFormat, compared, read_history
from migrations_lint.timeouts import Timeouts

CREATE = "CREATE TABLE clinics (id bigint);\n"


def lay_out(root: Path, *paths: str, text: str = CREATE) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_numbers_in_names_count_as_numbers(tmp_path: Path) -> None:
    lay_out(tmp_path, "10_c.up.sql", "9_b.up.sql", "008_a.up.sql")

    assert [migration.id for migration in read_history([tmp_path]).migrations] == ["008", "9", "10"]


def test_an_unreadable_file_is_named_and_hides_no_other(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql", "3_c.up.sql")
    (tmp_path / "2_b.up.sql").write_bytes(b"\xff\xfeC\x00")

    history = read_history([tmp_path])

    assert [migration.id for migration in history.migrations] == ["1", "3"]
    assert [(problem.path.name, problem.message) for problem in history.problems] == [
        ("2_b.up.sql", "byte 0 is not UTF-8")
    ]


def test_a_null_character_is_named_with_its_line(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql", text=f"{CREATE}-- \0\n")

    (problem,) = read_history([tmp_path]).problems

    assert (problem.line, "NUL" in problem.message) == (2, True)


def test_an_unreadable_way_down_makes_the_migration_a_problem(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql")
    (tmp_path / "1_a.down.sql").write_bytes(b"\xff")

    history = read_history([tmp_path])

    assert history.migrations == ()
    assert [problem.path.name for problem in history.problems] == ["1_a.down.sql"]


def test_a_file_selects_itself_and_its_predecessors_are_still_read(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql", "2_b.up.sql", "2_b.down.sql")

    history = read_history([tmp_path / "2_b.up.sql"])

    assert [migration.id for migration in history.migrations] == ["1", "2"]
    assert [migration.id for migration in history.reported()] == ["2"]


def test_a_way_down_selects_its_migration(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql", "2_b.up.sql", "2_b.down.sql")

    assert [migration.id for migration in read_history([tmp_path / "2_b.down.sql"]).reported()] == ["2"]


def test_a_folder_selects_everything_below_it(tmp_path: Path) -> None:
    lay_out(tmp_path, "db/1_a/migration.sql", "db/2_b/migration.sql")

    history = read_history([tmp_path])

    assert history.reported() == history.migrations


@pytest.mark.parametrize("asked", ["db/2_b/migration.sql", "db/2_b", "db/2_b/down.sql"])
def test_a_folder_of_one_migration_selects_what_it_holds(asked: str, tmp_path: Path) -> None:
    lay_out(tmp_path, "db/1_a/migration.sql", "db/2_b/migration.sql", "db/2_b/down.sql", "db/migration_lock.toml")
    (tmp_path / "db/migration_lock.toml").write_text('provider = "postgresql"\n')

    history = read_history([tmp_path / asked])

    assert [migration.id for migration in history.migrations] == ["1_a", "2_b"]
    assert [migration.id for migration in history.reported()] == ["2_b"]


def test_a_lone_sql_file_is_a_migration(tmp_path: Path) -> None:
    lay_out(tmp_path, "change.sql")

    (migration,) = read_history([tmp_path / "change.sql"]).reported()

    assert (migration.tool, migration.id, migration.down) == ("raw_sql", "change", None)


def test_a_lone_revision_is_a_migration(tmp_path: Path) -> None:
    lay_out(tmp_path, "a.py", text="revision = 'a1'\ndown_revision = None\ndef upgrade(): pass\n")

    (migration,) = read_history([tmp_path / "a.py"]).reported()

    assert (migration.tool, migration.id) == ("alembic", "a1")


def test_paths_are_told_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, "db/1_a.up.sql")
    monkeypatch.chdir(tmp_path)

    for given_path in (Path("db"), Path("db/1_a.up.sql")):
        assert [migration.path for migration in read_history([given_path]).reported()] == [Path("db/1_a.up.sql")]


def test_one_history_named_twice_is_read_once(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql")

    assert len(read_history([tmp_path, tmp_path]).migrations) == 1


def test_several_tools_below_one_folder_are_all_read(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/1_a.up.sql", "b/1_b/migration.sql")

    assert [migration.tool for migration in read_history([tmp_path]).migrations] == ["golang_migrate", "prisma"]


def test_loose_sql_files_are_not_taken_for_migrations_beside_a_tool(tmp_path: Path) -> None:
    lay_out(tmp_path, "db/1_a.up.sql", "queries/report.sql")

    assert [migration.path.name for migration in read_history([tmp_path]).migrations] == ["1_a.up.sql"]


def test_the_twin_for_another_database_is_passed_over_unless_named(tmp_path: Path) -> None:
    lay_out(tmp_path, "postgresql/1_a.up.sql", "sqlite/1_a.up.sql")

    assert [migration.path.parent.name for migration in read_history([tmp_path]).migrations] == ["postgresql"]
    assert len(read_history([tmp_path / "sqlite"]).migrations) == 1


def test_a_format_can_be_named(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql")

    assert [migration.tool for migration in read_history([tmp_path], "raw_sql").migrations] == ["raw_sql"]


def test_an_unknown_format_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownFormat, match="Did you mean alembic") as raised:
        read_history([Path()], "alembik")

    assert raised.value.exit_code == 2


@pytest.mark.parametrize(("layout", "asked"), [((), "absent"), (("notes.txt",), "."), (("notes.txt",), "notes.txt")])
def test_a_path_without_migrations_is_named(layout: tuple[str, ...], asked: str, tmp_path: Path) -> None:
    lay_out(tmp_path, *layout)

    with pytest.raises(NoHistory, match="no migrations at") as raised:
        read_history([tmp_path / asked])

    assert raised.value.exit_code == 3


def test_an_empty_way_down_is_a_way_down_that_does_nothing(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql")
    lay_out(tmp_path, "1_a.down.sql", text=" \n")

    (migration,) = read_history([tmp_path]).migrations

    assert migration.down is not None
    assert migration.down.fragments == ()


def test_offsets_count_from_behind_the_byte_order_mark(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql", text=f"\ufeff{CREATE}")

    (fragment,) = read_history([tmp_path]).migrations[0].up.fragments

    assert fragment.sql == CREATE
    assert fragment.source.text[fragment.start : fragment.end] == CREATE


def test_reading_plain_sql_does_not_load_sqlalchemy(tmp_path: Path) -> None:
    """`gatekeeper lint` has to start fast; only revisions need the libraries of Alembic."""
    lay_out(tmp_path, "1_a.up.sql")
    program = (
        "import sys; from pathlib import Path; from migrations_lint.history import read_history; "
        f"read_history([Path({str(tmp_path)!r})]); print('sqlalchemy' in sys.modules)"
    )

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


def test_a_way_down_of_comments_alone_does_nothing_and_is_still_a_file_of_the_migration(tmp_path: Path) -> None:
    lay_out(tmp_path, "1_a.up.sql", "2_b.up.sql")
    lay_out(tmp_path, "1_a.down.sql", text="-- there is nothing to undo\n/* ; */")

    migration = read_history([tmp_path / "1_a.down.sql"]).reported()[0]

    assert migration.down is not None
    assert migration.down.fragments == ()
    assert migration.files() == {tmp_path / "1_a.up.sql", tmp_path / "1_a.down.sql"}


def test_where_a_way_down_is_missing_its_file_is_named(tmp_path: Path) -> None:
    lay_out(tmp_path, "pairs/1_a.up.sql", "folders/1_a/up.sql", "prisma/1_a/migration.sql", "plain/a.sql")

    named = {
        folder: read_history([tmp_path / folder], tool).migrations[0].down_path
        for folder, tool in (
            ("pairs", "golang_migrate"),
            ("folders", "raw_sql"),
            ("prisma", "prisma"),
            ("plain", "raw_sql"),
        )
    }

    assert named == {
        "pairs": tmp_path / "pairs/1_a.down.sql",
        "folders": tmp_path / "folders/1_a/down.sql",
        "prisma": None,
        "plain": None,
    }


def test_what_a_revision_tells_of_a_history(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/1_a.up.sql", "a/2_b.up.sql", "a/3_c.up.sql", "b/1_a.up.sql", "b/2_b.up.sql")
    old = {tmp_path / path for path in ("a/1_a.up.sql", "a/3_c.up.sql", "b/1_a.up.sql")}

    history = compared(read_history([tmp_path]), "main", old, {tmp_path / "a/1_a.up.sql", tmp_path / "b/2_b.up.sql"})

    assert [(migration.edited_since, migration.overtakes) for migration in history.migrations] == [
        ("main", ()),
        (None, ("3",)),
        (None, ()),
        (None, ()),
        (None, ()),
    ]


ANY_TEXT = st.text() | st.lists(
    st.sampled_from(
        ["revision = 'a'\n", "down_revision = None\n", "def upgrade():\n", "    pass\n", "op.execute('x')", "SELECT 1;",
         "-- migrate", "'", '"', "$$", "/*", "BEGIN;", "\r\n", "\ufeff", "\0", "(", "CREATE TABLE a ();", "\udcff"]
    )
).map("".join)  # fmt: skip


@pytest.mark.parametrize("tool", sorted(formats()))
@given(text=ANY_TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_any_text_is_read_or_refused_in_our_own_words(tool: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / ("1_a.up.sql" if tool != "alembic" else "a.py")

    try:
        migration = formats()[tool].read(path, text)
        formats()[tool].with_timeout(migration, Timeouts("2s"))
    except LintError:
        return
    assert migration.tool == tool
