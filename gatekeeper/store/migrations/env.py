"""Alembic's door: it uses the connection, and thereby the transaction, that `gatekeeper.store.schema` hands in."""

from alembic import context
from sqlalchemy import text

from gatekeeper.store.connect import SCHEMA

connection = context.config.attributes["connection"]
schema = SCHEMA if connection.dialect.name == "postgresql" else None
if schema:
    connection.execute(text(f"SET LOCAL search_path TO {schema}"))
context.configure(connection=connection, version_table_schema=schema)
context.run_migrations()
