"""Digests that tell whether rows and values are still what they were, whatever order they lie in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from psycopg import Connection, sql

from gatekeeper.model.proof import DataDifference
from gatekeeper.staging.catalog import BOOKKEEPING, looking


@dataclass(frozen=True, slots=True)
class TableDigest:
    """A table's rows without their order: whole, and per column the values that are not NULL and their digest."""

    rows: int
    whole: int
    columns: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class DataDigest:
    """What all tables and materialized views hold, and the last value that each sequence has given."""

    tables: Mapping[str, TableDigest]
    sequences: Mapping[str, int | None]


_TABLES = """
    SELECT n.nspname, c.relname,
           array_remove(array_agg(a.attname::text ORDER BY a.attname COLLATE "C"), NULL)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE (c.relkind IN ('r', 'p') AND NOT c.relispartition OR c.relkind = 'm' AND c.relispopulated)
       AND c.relpersistence <> 't'
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid
                          AND x.deptype = 'e')
     GROUP BY n.nspname, c.relname
"""
_SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences"
# A sum: XOR forgets pairs. Through text, for not every type can be hashed, in a spelling that no setting changes.
_HASHES = "coalesce(sum(hashtextextended({0}::text, 0)::numeric), 0)"
_COLUMN = f"count({{0}}), {_HASHES}"
_SPELLING = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "row_security": "on",
}


def digest(connection: Connection[Any], known: Mapping[str, TableDigest] = MappingProxyType({})) -> DataDigest:
    """Read every row once, in two round trips; meant for scratch databases, where tables hold a handful.

    Tables whose digest is `known`, by `schema.table`, are not read.
    """
    with looking(connection):
        with connection.pipeline():
            for name, value in _SPELLING.items():
                connection.execute("SELECT set_config(%s, %s, true)", [name, value])
            listed = connection.execute(_TABLES.encode(), prepare=True)
        listing = [row for row in listed.fetchall() if row[1] not in BOOKKEEPING]
        tables = [(schema, table, *columns) for schema, table, columns in listing if f"{schema}.{table}" not in known]
        with connection.pipeline():
            cursors = [connection.execute(_digest_query(*table), prepare=False) for table in tables]
            sequences = connection.execute(_SEQUENCES, prepare=True)
        found = {name: known[name] for schema, table, _ in listing if (name := f"{schema}.{table}") in known}
        for (schema, table, *columns), cursor in zip(tables, cursors, strict=True):
            rows, whole, *values = cursor.fetchone() or (0, 0)
            pairs = zip(values[::2], map(int, values[1::2]), strict=True)
            found[f"{schema}.{table}"] = TableDigest(rows, int(whole), dict(zip(columns, pairs, strict=True)))
        positions = {f"{schema}.{name}": last for schema, name, last in sequences.fetchall()}
    return DataDigest(found, positions)


@lru_cache(maxsize=4096)
def _digest_query(schema: str, table: str, *columns: str) -> bytes:
    names = [sql.Identifier("rows", column) for column in columns]
    row = sql.SQL("ROW({})").format(sql.SQL(", ").join(names))
    parts = [sql.SQL("count(*)"), sql.SQL(_HASHES).format(row), *(sql.SQL(_COLUMN).format(name) for name in names)]
    query = sql.SQL("SELECT {} FROM {} rows").format(sql.SQL(", ").join(parts), sql.Identifier(schema, table))
    return query.as_bytes(None)


def compare_data(before: DataDigest, after: DataDigest) -> tuple[DataDifference, ...]:
    """What became of the old rows; tables and columns that are gone are the schema comparison's to tell."""
    found: list[DataDifference] = []
    for name, table in before.tables.items():
        if name in after.tables:
            found += _table_differences(name, table, after.tables[name])
    for name, last in before.sequences.items():
        now = after.sequences.get(name, last)
        if last is not None and (now is None or now < last):
            message = f"the sequence {name} starts again behind {last}: the next keys it gives are taken already"
            found.append(DataDifference(name, None, last, now or 0, message))
    return tuple(found)


def _table_differences(name: str, before: TableDigest, after: TableDigest) -> Iterator[DataDifference]:
    if before.rows != after.rows:
        what = "lost" if after.rows < before.rows else "too many"
        message = f"{abs(before.rows - after.rows)} rows {what} in {name}: {before.rows} before, {after.rows} after"
        yield DataDifference(name, None, before.rows, after.rows, message)
        return
    columns = list(_column_differences(name, before, after))
    yield from columns
    if not columns and before.columns.keys() == after.columns.keys() and before.whole != after.whole:
        message = f"the rows of {name} hold each other's values: every column has them all, but not in the same rows"
        yield DataDifference(name, None, before.rows, after.rows, message)


def _column_differences(name: str, before: TableDigest, after: TableDigest) -> Iterator[DataDifference]:
    for column, (filled, values) in before.columns.items():
        if column in after.columns and after.columns[column] != (filled, values):
            now = after.columns[column][0]
            how = f"{filled - now} of {filled} values lost" if now < filled else "its values are not what they were"
            yield DataDifference(name, column, filled, now, f"column {name}.{column}: {how}")
