"""What a way down destroys of what was written since the way up, each with a read-only query that counts it.

Tables and columns are followed by OID and number, so that a rename is not taken for a drop.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from gatekeeper.model.proof import Loss

_TABLES = """
    SELECT c.oid, n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname), c.relispartition
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
"""
_COLUMNS = """
    SELECT a.attrelid, a.attnum, a.attname, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.atttypmod > 4 AND t.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4 END,
           a.attnotnull, a.attgenerated <> '',
           CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
"""
_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table by its names: as reports say it, and as SQL spells it."""

    name: str
    sql: str
    is_partition: bool


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column as far as what it can hold goes; `length` is the limit of a varchar or char."""

    name: str
    sql: str
    type: str
    length: int | None
    not_null: bool
    generated: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a database keeps values: tables by OID, columns by OID and number."""

    tables: Mapping[int, StoredTable]
    columns: Mapping[tuple[int, int], StoredColumn]


def storage_of(connection: Connection[Any]) -> Storage:
    """Read it from the catalog."""
    tables = connection.execute(_TABLES.encode()).fetchall()
    columns = connection.execute(_COLUMNS.encode()).fetchall()
    return Storage(
        {oid: StoredTable(*rest) for oid, *rest in tables},
        {(oid, number): StoredColumn(*rest) for oid, number, *rest in columns},
    )


def losses(before: Storage, after: Storage) -> tuple[Loss, ...]:
    """What the way down from `before` to `after` destroys, or trips over, if it was written in between."""
    found = [*_dropped_tables(before, after), *_columns(before, after)]
    return tuple(sorted(found, key=lambda loss: (loss.relation, loss.column or "")))


def _dropped_tables(before: Storage, after: Storage) -> Iterator[Loss]:
    for oid, table in before.tables.items():
        if oid not in after.tables and not table.is_partition:
            message = f"every row of {table.name} goes with the table"
            yield Loss(table.name, None, message, f"SELECT count(*) FROM {table.sql}")


def _columns(before: Storage, after: Storage) -> Iterator[Loss]:
    for key, column in before.columns.items():
        table = before.tables[key[0]]
        if key[0] not in after.tables or column.generated or table.is_partition:
            continue
        now = after.columns.get(key)
        if now is None:
            yield _witness(table, column, "its values go with the column", _worth_keeping(column))
        elif misfit := _misfit(column, now):
            yield _witness(table, column, f"values that do not fit {now.type}", misfit)
        elif now.not_null and not column.not_null:
            yield _witness(
                table,
                column,
                "rows without a value stop the way down, which makes it NOT NULL again",
                f"{column.sql} IS NULL",
                destroys=False,
            )


def _worth_keeping(column: StoredColumn) -> str:
    is_constant = column.default is not None and "(" not in column.default
    return f"{column.sql} IS DISTINCT FROM {column.default}" if is_constant else f"{column.sql} IS NOT NULL"


def _misfit(column: StoredColumn, now: StoredColumn) -> str | None:
    """The condition under which a value is lost in the new type; None where every value fits."""
    if column.type == now.type:
        return None
    if now.length is not None and (column.length is None or column.length > now.length):
        return f"length({column.sql}::text) > {now.length}"
    if column.type in _RANGES and now.type in _RANGES:
        limit = _RANGES[now.type]
        return f"{column.sql} NOT BETWEEN {-limit} AND {limit - 1}" if limit < _RANGES[column.type] else None
    if now.type == "text" or (now.length is not None and column.length is not None):
        return None
    return f"{column.sql} IS NOT NULL AND {column.sql}::text <> {column.sql}::text::{now.type}::text"


def _witness(table: StoredTable, column: StoredColumn, message: str, condition: str, *, destroys: bool = True) -> Loss:
    query = f"SELECT count(*) FROM {table.sql} WHERE {condition}"
    return Loss(table.name, column.name, f"column {table.name}.{column.name}: {message}", query, destroys)
