"""Sample rows that fit their constraints.

An empty table proves nothing about a way back that loses data, so every table gets a few rows before the way up.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.rows import class_row

from gatekeeper.staging.catalog import BOOKKEEPING

ROWS = 3
_TRIES = 8
_LITERAL = re.compile(r"'((?:[^']|'')*)'::|(?<![\w.'])(\d+(?:\.\d+)?)(?![\w.'])")


@dataclass(frozen=True, slots=True)
class _Column:
    schema: str
    table: str
    column: str
    type: str
    category: str
    base: str
    length: int | None
    required: bool
    labels: list[str] | None
    checks: str | None
    parent_schema: str | None
    parent_table: str | None
    parent_column: str | None


_COLUMNS = """
    SELECT n.nspname AS schema, c.relname AS table, a.attname AS column,
           format_type(a.atttypid, a.atttypmod) AS type, b.typcategory::text AS category, b.typname AS base,
           CASE WHEN b.typname IN ('varchar', 'bpchar') AND coalesce(nullif(t.typtypmod, -1), a.atttypmod) > 4
                THEN coalesce(nullif(t.typtypmod, -1), a.atttypmod) - 4 END AS length, a.attnotnull AS required,
           (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = b.oid) AS labels,
           (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k
             WHERE k.contype = 'c' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = t.oid))
               AS checks,
           pn.nspname AS parent_schema, pc.relname AS parent_table, pa.attname AS parent_column
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
      LEFT JOIN LATERAL (SELECT k.confrelid, k.confkey[array_position(k.conkey, a.attnum)] AS key
                           FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
                            AND a.attnum = ANY (k.conkey)
                          ORDER BY k.conname LIMIT 1) f ON true
      LEFT JOIN pg_class pc ON pc.oid = f.confrelid LEFT JOIN pg_namespace pn ON pn.oid = pc.relnamespace
      LEFT JOIN pg_attribute pa ON pa.attrelid = f.confrelid AND pa.attnum = f.key
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND a.attnum > 0
       AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
       AND coalesce((SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = c.oid AND adnum = a.attnum), '')
           NOT LIKE 'nextval(%'
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
     ORDER BY n.nspname, c.relname, a.attnum
"""


def fill(connection: Connection[Any], only: Collection[tuple[str, str]] | None = None) -> None:
    """Put a few rows into every table, parents first; a table whose constraints refuse all we try stays as it is.

    With `only`, (schema, table) pairs, the others keep the rows that they have.
    """
    with connection.cursor(row_factory=class_row(_Column)) as cursor:
        columns = cursor.execute(_COLUMNS.encode()).fetchall()
    tables: dict[tuple[str, str], list[_Column]] = {}
    for column in columns:
        if column.table not in BOOKKEEPING and (only is None or (column.schema, column.table) in only):
            tables.setdefault((column.schema, column.table), []).append(column)
    for table in _parents_first(tables):
        for row in range(1, ROWS + 1):
            _insert(connection, table, tables[table], row)


def _parents_first(tables: Mapping[tuple[str, str], Sequence[_Column]]) -> Iterator[tuple[str, str]]:
    done: set[tuple[str, str]] = set()
    waiting = list(tables)
    while waiting:
        ready = [table for table in waiting if _parents(tables[table]) & set(waiting) <= {table}]
        for table in ready or waiting[:1]:  # a circle has to begin somewhere
            yield table
            done.add(table)
        waiting = [table for table in waiting if table not in done]


def _parents(columns: Sequence[_Column]) -> set[tuple[str, str]]:
    return {(c.parent_schema, c.parent_table) for c in columns if c.parent_schema and c.parent_table}


def _insert(connection: Connection[Any], table: tuple[str, str], columns: Sequence[_Column], row: int) -> None:
    """Try the candidates of every column, then only those of the columns that must have a value."""
    for chosen in (columns, [column for column in columns if column.required]):
        names = sql.SQL(", ").join(sql.Identifier(column.column) for column in chosen)
        for values in islice(product(*(_candidates(column, row) for column in chosen)), _TRIES):
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(*table), names, sql.SQL(", ").join(values)
            )
            if not chosen:
                statement = sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.Identifier(*table))
            try:
                connection.execute(statement)
            except psycopg.Error:  # whatever refuses the row, the next candidate may pass
                continue
            return


def _candidates(column: _Column, row: int) -> list[sql.Composable]:
    if column.parent_schema and column.parent_table and column.parent_column:
        key, parent = sql.Identifier(column.parent_column), sql.Identifier(column.parent_schema, column.parent_table)
        order = sql.SQL("(SELECT {} FROM {} ORDER BY 1 OFFSET {} LIMIT 1)")
        return [order.format(key, parent, sql.Literal(row - 1)), order.format(key, parent, sql.Literal(0))]
    kind = sql.SQL(column.type)
    texts = [*_literals(column.checks), _plain(column, row)]
    return [sql.SQL("CAST({} AS {})").format(sql.Literal(text), kind) for text in texts]


def _literals(checks: str | None) -> list[str]:
    return [quoted or number for quoted, number in _LITERAL.findall(checks or "")][:4]


def _plain(column: _Column, row: int) -> str | None:
    if column.labels:
        return column.labels[row % len(column.labels)]
    if column.base == "uuid":
        return f"00000000-0000-4000-8000-{row:012d}"
    if column.base in {"json", "jsonb"}:
        return f'{{"row": {row}}}'
    if column.base == "bytea":
        return f"\\x{row:02x}"
    simple = {
        "N": str(row),
        "S": _text(column, row),
        "B": "true" if row % 2 else "false",
        "D": "12:00:00" if column.base in {"time", "timetz"} else f"2020-01-{row:02d}",
        "T": f"{row} hours",
        "A": "{}",
        "R": "empty",
        "I": f"192.0.2.{row}",
        "V": str(row % 2) * (column.length or 1),
    }
    return simple.get(column.category, _text(column, row) if column.base in {"citext", "xml", "tsvector"} else None)


def _text(column: _Column, row: int) -> str:
    text = f"{row} {column.column}"
    return text[: column.length] if column.length else text
