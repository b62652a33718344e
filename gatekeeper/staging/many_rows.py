"""Many rows from a few: the sample rows of a table, repeated with keys of their own."""

import contextlib
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.staging.sample_rows import Name

# A column whose default counts gets its value by itself; of each unique index one column has to differ from row to row,
# one that refers to no other table if there is one.
_COLUMNS = """
    SELECT a.attname, b.typcategory::text, b.typname, format_type(a.atttypid, a.atttypmod),
           CASE WHEN b.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END,
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion)
                      AND a.attnum = (SELECT key FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(key, place)
                            LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND key = ANY (k.conkey)
                           WHERE key > 0 ORDER BY k.oid IS NOT NULL, place LIMIT 1))
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
      JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.oid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       AND a.attidentity = '' AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') NOT LIKE 'nextval(%%'
     ORDER BY a.attnum
"""


def multiply(connection: Connection[Any], table: Name, rows: int) -> str | None:
    """Repeat the rows that the table has until there are `rows` more; why it does not take them, or None.

    Foreign keys and triggers are not asked where the role may say so: what the rows refer to was there for the first.
    """
    name = sql.Identifier(*table)
    columns = connection.execute(_COLUMNS, [name.as_string(connection)]).fetchall()
    values = sql.SQL(", ").join(_value(*column) for column in columns)
    names = sql.SQL(", ").join(sql.Identifier(column[0]) for column in columns)
    source = sql.SQL(
        "(SELECT *, row_number() OVER () AS gatekeeper_row FROM {name}) one "
        "JOIN generate_series(1, {rows}) turn ON turn % (SELECT count(*) FROM {name}) = gatekeeper_row - 1"
    ).format(name=name, rows=sql.Literal(rows))
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(name, names, values, source)
    if not columns:
        statement = sql.SQL("INSERT INTO {} SELECT FROM generate_series(1, {})").format(name, sql.Literal(rows))
    try:
        with connection.transaction():
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute("SET LOCAL session_replication_role TO replica")
            made = connection.execute(statement).rowcount
    except psycopg.Error as error:
        return error.diag.message_primary or str(error).strip()
    return None if made == rows else "it takes no sample row"


def size_of(connection: Connection[Any], tables: Sequence[Name], *, with_indexes: bool) -> int:
    """The bytes of these tables, partitions included: their rows, or all that a rewrite makes anew."""
    query = sql.SQL(
        "SELECT sum({}(relid))::bigint FROM unnest({}::regclass[]) top, LATERAL (SELECT top AS relid UNION "
        "SELECT relid FROM pg_partition_tree(top)) part"
    ).format(
        sql.SQL("pg_total_relation_size" if with_indexes else "pg_relation_size"),
        sql.Literal([sql.Identifier(*table).as_string(connection) for table in tables]),
    )
    row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _value(name: str, category: str, base: str, kind: str, length: int | None, is_key: bool) -> sql.Composable:
    column = sql.SQL("one.{}").format(sql.Identifier(name))
    if not is_key:
        return column
    fresh = _FRESH.get(base) or _FRESH_OF_CATEGORY.get(category)
    if fresh is None:
        return column
    made = sql.SQL(fresh).format(column=column)
    if length is not None:
        made = sql.SQL("left({}, {})").format(made, sql.Literal(length))
    return sql.SQL("CAST({} AS {})").format(made, sql.SQL(kind))


_FRESH = {
    "uuid": "md5('gatekeeper' || turn)",
    "date": "{column} + 1000 + turn",
    "bool": "{column}",
    "inet": "'10.0.0.0'::inet + turn",
}
_FRESH_OF_CATEGORY = {
    "N": "1000 + turn",
    "S": "turn || ' ' || {column}",
    "D": "{column} + (1000 + turn) * interval '1 minute'",
}
