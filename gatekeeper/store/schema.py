"""Brings the store's tables to the newest form, once, whoever comes first."""

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from gatekeeper.store.connect import SCHEMA

HEAD = "s0005"
_MIGRATING = 7_309_453_421_688  # any number, the same in every process: who holds it migrates


def bring_up_to_date(engine: Engine) -> None:
    """Run the migrations that are missing; does nothing, and costs one query, where none is."""
    if revision_of(engine) == HEAD:
        return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        _upgrade(connection, HEAD)


def revision_of(engine: Engine) -> str | None:
    """The newest migration that the store has had; None where there is no store yet."""
    table = f"{SCHEMA}.alembic_version" if engine.dialect.name == "postgresql" else "alembic_version"
    try:
        with engine.begin() as connection:
            return connection.execute(text(f"SELECT version_num FROM {table}")).scalar()
    except (ProgrammingError, OperationalError) as error:
        if _is_missing_table(error):
            return None
        raise


def _is_missing_table(error: ProgrammingError | OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig)


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    settings = Config(attributes={"connection": connection})
    settings.set_main_option("script_location", "gatekeeper:store/migrations")
    settings.set_main_option("path_separator", "os")
    command.upgrade(settings, revision)
