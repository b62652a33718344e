"""The migrations make exactly the tables that the code speaks of, in a schema of their own, and take them away."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from gatekeeper.store import tables
from gatekeeper.store.connect import SCHEMA, connect, read_url
from gatekeeper.store.schema import HEAD, bring_up_to_date


@pytest.fixture
def postgresql(postgresql_url: str) -> Engine:
    return connect(read_url(postgresql_url))


def settings() -> Config:
    made = Config()
    made.set_main_option("script_location", "gatekeeper:store/migrations")
    made.set_main_option("path_separator", "os")
    return made


def test_the_code_asks_for_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(settings()).get_current_head() == HEAD


def test_the_migrations_and_the_tables_agree(tmp_path: Path) -> None:
    engine = connect(read_url(f"sqlite:///{tmp_path}/store.sqlite"))
    bring_up_to_date(engine)

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()


def test_on_postgresql_everything_lies_in_a_schema_of_its_own(postgresql: Engine) -> None:
    bring_up_to_date(postgresql)

    found = inspect(postgresql)
    assert set(found.get_table_names(schema=SCHEMA)) == {*tables.metadata.tables, "alembic_version"}
    assert found.get_table_names(schema="public") == []
    postgresql.dispose()


def test_the_way_down_leaves_nothing(tmp_path: Path) -> None:
    engine = connect(read_url(f"sqlite:///{tmp_path}/store.sqlite"))
    bring_up_to_date(engine)
    with engine.begin() as connection:
        downwards = settings()
        downwards.attributes["connection"] = connection
        command.downgrade(downwards, "base")

    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
