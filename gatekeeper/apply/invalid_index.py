"""A concurrent build that fails leaves an invalid index behind, which costs writes and hides the next failure."""

import re
from collections.abc import Iterable
from typing import Any

from psycopg import Connection, sql

_REINDEXED = re.compile(r"_cc(?:new|old)\d*$")
_INVALID = """
    SELECT n.nspname, c.relname
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT i.indisvalid AND c.relkind = 'i'
       AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
"""


def invalid_indexes(connection: Connection[Any]) -> frozenset[tuple[str, str]]:
    """Schema and name of every invalid index that nobody is building."""
    return frozenset((row[0], row[1]) for row in connection.execute(_INVALID))


def drop_left_behind(connection: Connection[Any], before: frozenset[tuple[str, str]], builds: Iterable[str]) -> None:
    """Drop those that were not there before and that one of the statements has made, by their names.

    For a tool's builds, of which we know no more than what its sessions were seen to run.
    """
    texts = " ".join(builds)
    for schema, name in invalid_indexes(connection) - before:
        if name in texts or _REINDEXED.search(name):
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(schema, name)))
