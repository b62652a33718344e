"""Which tables hold other rows than before, told without reading a row.

PostgreSQL counts the rows that are inserted, updated and deleted (Cumulative Statistics System, PostgreSQL 18); what it
does not count, such as TRUNCATE and a rewrite, leaves a new file and so a new version of the catalog's own rows.
"""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from gatekeeper.staging.catalog import reading

# Before, counts went to a collector process, which may have them late or not at all.
_COUNTED_EXACTLY_SINCE = 15

# A table's own rows are those of its partitions and of those that inherit from it. Where values are written may depend
# on more than the table (a row type, a name of the catalog, a function, a policy): such a table has no mark. Rows of
# the catalog that are written anew have a higher transaction number than any before: as many rows with the same sum of
# numbers are the same rows.
_MARKS = """
    WITH RECURSIVE tree (root, oid) AS (
        SELECT oid, oid FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384 AND NOT relispartition
        UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid),
    labels (mark) AS (SELECT array[count(*), coalesce(sum(xmin::text::bigint), 0)]::bigint[] FROM pg_enum),
    columns (oid, mark, is_plain) AS (
        SELECT a.attrelid, array[count(*), sum(a.xmin::text::bigint), count(d.oid),
                                 coalesce(sum(d.xmin::text::bigint), 0)]::bigint[],
               bool_and(a.attgenerated <> 'v' AND b.typname NOT LIKE 'reg%'
                        AND (b.oid < 16384 OR b.typtype IN ('b', 'e') AND b.typelem = 0))
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
          JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype
                                         WHEN t.typelem <> 0 THEN t.typelem ELSE t.oid END
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid >= 16384 GROUP BY a.attrelid)
    SELECT n.nspname || '.' || r.relname,
           array[count(*), sum(c.relfilenode::bigint), sum(c.xmin::text::bigint),
                 sum(pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid)
                     + pg_stat_get_tuples_deleted(c.oid))]::bigint[] || k.mark || labels.mark
      FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_class r ON r.oid = tree.root
      JOIN pg_namespace n ON n.oid = r.relnamespace JOIN columns k ON k.oid = tree.root CROSS JOIN labels
     WHERE current_setting('track_counts')::boolean AND k.is_plain
     GROUP BY n.nspname, r.relname, k.mark, labels.mark
    HAVING bool_and(c.relkind <> 'f' AND NOT c.relrowsecurity)
"""

Marks = Mapping[str, tuple[int, ...]]


def marks(connection: Connection[Any]) -> Marks:
    """For each table that can have one, a mark that is another one once its rows have changed; between transactions."""
    if connection.info.server_version // 10000 < _COUNTED_EXACTLY_SINCE:
        return {}
    with reading(connection):
        return {name: tuple(mark) for name, mark in connection.execute(_MARKS.encode(), prepare=True).fetchall()}


def count_now(connection: Connection[Any]) -> None:
    """Let the others see what this session has counted; it would keep it to itself for a second otherwise."""
    if connection.info.server_version // 10000 >= _COUNTED_EXACTLY_SINCE:
        connection.execute("SELECT pg_catalog.pg_stat_force_next_flush()", prepare=False)
