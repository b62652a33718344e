"""The clinic's history is safe and goes down exactly; the story's two migrations are what they claim to be."""

import shutil
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from gatekeeper.demo.clinic.schema import MIGRATIONS, downgrade, upgrade
from gatekeeper.demo.clinic.seed import seed
from migrations_lint.api import lint_paths
from migrations_lint.model import Severity
from tests.demo.conftest import Databases

STORY = MIGRATIONS.parent.parent / "story"

_SCHEMA = """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, NULL
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
     UNION ALL
    SELECT tablename, indexname, indexdef, NULL, NULL, NULL, NULL FROM pg_indexes
     WHERE schemaname = 'public' AND tablename <> 'alembic_version'
     UNION ALL
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL, NULL, convalidated::text
      FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
     ORDER BY 1, 2, 3
"""


def test_our_own_linter_has_nothing_against_the_history() -> None:
    report = lint_paths([MIGRATIONS])

    assert len(report.migrations) == 5
    assert [found.rule for found in report.findings if found.severity is not Severity.NOTE] == []


def test_the_storys_index_and_not_null_are_errors_of_the_linter(tmp_path: Path) -> None:
    report = lint_paths([_with_story(tmp_path, "0006_find_patients_by_phone.py")])

    errors = {found.rule for found in report.findings if found.severity is Severity.ERROR}
    assert errors == {"index-build-blocks-writes", "not-null-scan-blocks-reads"}


def test_the_storys_lossy_migration_looks_harmless_to_the_linter(tmp_path: Path) -> None:
    report = lint_paths([_with_story(tmp_path, "0006_longer_phone_numbers.py")])

    assert {found.severity for found in report.findings} == {Severity.NOTE}


@pytest.mark.server
@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005"])
def test_each_way_down_restores_the_schema_exactly(databases: Databases, revision: str) -> None:
    before_it = f"{int(revision) - 1:04}" if revision != "0001" else "base"
    with databases.made() as url:
        if before_it != "base":
            upgrade(url, before_it)
        before = _schema(url)

        upgrade(url, revision)
        after = _schema(url)
        downgrade(url, before_it)

        assert _schema(url) == before != after


@pytest.mark.server
def test_the_storys_way_down_loses_every_phone_number(databases: Databases, tmp_path: Path) -> None:
    with databases.made() as url:
        config = Config()
        config.set_main_option("script_location", str(_with_story(tmp_path, "0006_longer_phone_numbers.py")))
        config.set_main_option("path_separator", "os")
        config.attributes["database_url"] = url
        command.upgrade(config, "0005")
        with psycopg.connect(url) as connection:
            seed(connection)
        before, phones = _schema(url), _phones(url)

        command.upgrade(config, "0006")
        command.downgrade(config, "0005")

        assert _schema(url) == before
        assert (phones, _phones(url)) == (7, 0)


@pytest.mark.server
def test_seeding_twice_changes_nothing(database: str) -> None:
    def rows() -> list[tuple[object, ...]]:
        with psycopg.connect(database) as connection:
            return connection.execute(
                "SELECT patients::text FROM patients UNION SELECT staff::text FROM staff ORDER BY 1"
            ).fetchall()

    before = rows()
    with psycopg.connect(database) as connection:
        seed(connection)

    assert rows() == before


def _with_story(folder: Path, name: str) -> Path:
    history = folder / "migrations"
    shutil.copytree(MIGRATIONS, history, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(STORY / name, history / "versions")
    return history


def _schema(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(_SCHEMA).fetchall()


def _phones(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(phone) FROM patients").fetchone()
        assert row is not None
        return int(row[0])
