"""A concurrent build that fails leaves an invalid index behind, which costs writes and hides the next failure."""

from typing import Any

from psycopg import Connection, sql

_INVALID = """
    SELECT n.nspname, c.relname
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT i.indisvalid AND c.relkind = 'i'
"""


def invalid_indexes(connection: Connection[Any]) -> frozenset[tuple[str, str]]:
    """Schema and name of every invalid index."""
    return frozenset((row[0], row[1]) for row in connection.execute(_INVALID))


def drop_left_behind(connection: Connection[Any], before: frozenset[tuple[str, str]]) -> None:
    """Drop those that were not there before: ours, made by the try that has just failed."""
    for schema, name in invalid_indexes(connection) - before:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(schema, name)))
