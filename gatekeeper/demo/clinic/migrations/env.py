"""Tells Alembic which database to use: the one handed in by our own code, else CLINIC_DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool


def database_url() -> str:
    """The URL, as psycopg 3 wants it spelled for SQLAlchemy."""
    given = context.config.attributes.get("database_url") or os.environ.get("CLINIC_DATABASE_URL", "postgresql://")
    return make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def run() -> None:
    """Run the migrations, each in a transaction of its own: a concurrent index build needs that."""
    if context.is_offline_mode():
        context.configure(url=database_url(), literal_binds=True, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    with create_engine(database_url(), poolclass=NullPool).connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


run()
