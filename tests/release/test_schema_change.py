"""The linter's facts say whether a release only adds to the schema."""

from pathlib import Path

from gatekeeper.policy.expand import Shape, shape_of
from gatekeeper.policy.undo import Answer
from gatekeeper.release.schema_change import facts_of_release
from migrations_lint.history import read_history


def shape(folder: Path, *scripts: str) -> Shape:
    """The first script is the past, the others are the release."""
    for number, sql in enumerate(scripts, start=1):
        (folder / f"{number:04}_step.sql").write_text(sql)
    history = read_history([folder]).migrations
    return shape_of(facts_of_release(history, {migration.id for migration in history[1:]}, 18))


PAST = "CREATE TABLE patients (id bigint PRIMARY KEY, name text);"


def test_a_new_table_and_a_nullable_column_expand(tmp_path: Path) -> None:
    release = "CREATE TABLE visits (id bigint); ALTER TABLE patients ADD COLUMN nickname text;"

    assert shape(tmp_path, PAST, release).expands is Answer.PROVEN


def test_what_the_past_did_does_not_count(tmp_path: Path) -> None:
    past = f"{PAST} ALTER TABLE patients DROP COLUMN name;"

    assert shape(tmp_path, past, "CREATE TABLE visits (id bigint);").expands is Answer.PROVEN


def test_a_dropped_column_is_named(tmp_path: Path) -> None:
    assert shape(tmp_path, PAST, "ALTER TABLE patients DROP COLUMN name;").removes == ("column public.patients.name",)


def test_an_update_rewrites_values(tmp_path: Path) -> None:
    assert shape(tmp_path, PAST, "UPDATE patients SET name = 'x';").rewrites == ("public.patients",)


def test_what_cannot_be_read_is_not_taken_for_harmless(tmp_path: Path) -> None:
    assert shape(tmp_path, PAST, "DO $$ BEGIN EXECUTE 'drop table ' || 'patients'; END $$;").expands is Answer.UNKNOWN
    assert shape(tmp_path, PAST, "ALTER TABEL patients;").expands is Answer.UNKNOWN
