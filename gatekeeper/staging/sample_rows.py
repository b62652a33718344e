"""Sample rows that fit their tables' constraints, the same ones every time.

An empty table proves nothing about a way back that loses data, so every table gets a few rows before the way up.
First all tables are tried in one round trip; then, row by row, PostgreSQL's own refusals say which columns need
another value.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

import psycopg
from psycopg import Connection, RawCursor, sql
from psycopg.rows import tuple_row

from gatekeeper.staging.catalog import BOOKKEEPING
from gatekeeper.staging.sample_values import SampleColumn, texts

ROWS = 3
_MOST_TRIES = 120
_REFUSED = "gatekeeper.refused_rows"

_WANTED = """n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       AND ($1::text[] IS NULL OR n.nspname || '.' || c.relname = ANY ($1::text[]))"""

_COLUMNS = f"""
    SELECT n.nspname, c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), b.typname,
           b.typcategory::text,
           CASE WHEN b.typname IN ('varchar', 'bpchar') AND m.typmod > 4 THEN m.typmod - 4
                WHEN b.typname IN ('bit', 'varbit') AND m.typmod > 0 THEN m.typmod END,
           (SELECT count(*) FROM pg_attribute e WHERE e.attrelid = b.typrelid AND e.attnum > 0 AND NOT e.attisdropped),
           a.attnotnull OR t.typnotnull,
           (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum
             WHERE enumtypid IN (b.oid, b.typelem)),
           (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) FROM pg_constraint k
             WHERE k.contype = 'c' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = t.oid)),
           CASE WHEN p.partattrs IS NOT NULL AND a.attnum = ANY (p.partattrs::int2[]) THEN (
               SELECT string_agg(pg_get_expr(l.relpartbound, l.oid), ' ' ORDER BY l.relname)
                 FROM pg_inherits i JOIN pg_class l ON l.oid = i.inhrelid WHERE i.inhparent = c.oid) END,
           f.parent
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      JOIN pg_type t ON t.oid = a.atttypid
      JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
      CROSS JOIN LATERAL (SELECT CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod) m
      LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
      LEFT JOIN LATERAL (
          SELECT array[pn.nspname::text, pc.relname, pa.attname] || (
                     SELECT array_agg(ka.attname::text ORDER BY u.place)
                       FROM unnest(k.confkey) WITH ORDINALITY u(number, place)
                       JOIN pg_attribute ka ON ka.attrelid = k.confrelid AND ka.attnum = u.number) AS parent
            FROM pg_constraint k JOIN pg_class pc ON pc.oid = k.confrelid
            JOIN pg_namespace pn ON pn.oid = pc.relnamespace
            JOIN pg_attribute pa ON pa.attrelid = k.confrelid
             AND pa.attnum = k.confkey[array_position(k.conkey, a.attnum)]
           WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey)
           ORDER BY cardinality(k.conkey) DESC, k.conname LIMIT 1) f ON true
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND a.attnum > 0
       AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
       AND coalesce((SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = c.oid AND adnum = a.attnum), '')
           NOT LIKE 'nextval(%'
       AND {_WANTED} ORDER BY n.nspname, c.relname, a.attnum
"""
_TABLES = f"""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid
                          AND x.deptype = 'e')
       AND {_WANTED} ORDER BY n.nspname, c.relname
"""
_CONSTRAINTS = """
    SELECT k.conname::text, array_agg(DISTINCT a.attname::text)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid OR EXISTS (
               SELECT FROM pg_attribute u WHERE u.attrelid = c.oid AND u.atttypid = k.contypid AND k.contypid <> 0)
      JOIN pg_attribute a ON a.attrelid = c.oid AND (a.attnum = ANY (k.conkey) OR a.atttypid = k.contypid)
     WHERE c.oid = %s::regclass GROUP BY k.conname
    UNION ALL SELECT ic.relname, array_agg(a.attname::text)
      FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
     WHERE i.indrelid = %s::regclass AND i.indisunique GROUP BY ic.relname
"""

Name = tuple[str, str]
_Values = Mapping[str, sql.Composable]


@dataclass(frozen=True, slots=True)
class Filling:
    """What came of it: tables that have no row all the same, by `schema.table`, each with the server's last word."""

    empty: Mapping[str, str] = field(default_factory=dict)


def fill(
    connection: Connection[Any],
    only: Collection[Name] | None = None,
    *,
    first: int = 1,
    observer: Connection[Any] | None = None,
) -> Filling:
    """Put a few rows into every table, parents first; a table whose constraints refuse all we try stays as it is.

    With `only`, (schema, table) pairs, the others keep the rows that they have. `first` numbers the rows, so that
    later ones do not clash with those of an earlier call. An `observer` keeps its questions about tables prepared.
    """
    tables = _tables(observer or connection, only)
    order = list(_parents_first(tables))
    wanted = [(table, row) for table in order for row in range(first, first + ROWS)]
    refused = _all_at_once(connection, tables, wanted)
    empty = {}
    for table, rows in _by_table(refused).items():
        reason = _one_by_one(connection, table, tables[table], rows)
        if reason and not _has_rows(connection, table):
            empty[".".join(table)] = reason
    return Filling(empty)


def _tables(connection: Connection[Any], only: Collection[Name] | None) -> dict[Name, list[SampleColumn]]:
    these = None if only is None else [f"{schema}.{table}" for schema, table in only]
    with connection.transaction(), connection.pipeline():
        names, columns = (
            RawCursor(connection, row_factory=tuple_row).execute(query.encode(), [these], prepare=True)
            for query in (_TABLES, _COLUMNS)
        )
        tables: dict[Name, list[SampleColumn]] = {
            (schema, table): [] for schema, table in names.fetchall() if table not in BOOKKEEPING
        }
        for schema, table, *rest in columns.fetchall():
            if (schema, table) in tables:
                tables[schema, table].append(_column(table, rest))
    return tables


def _column(table: str, row: Sequence[Any]) -> SampleColumn:
    *plain, labels, checks, bounds, parent = row
    found = (parent[0], parent[1], parent[2], tuple(parent[3:])) if parent else None
    name, position, kind, base, category, size, attributes, required = plain
    return SampleColumn(
        table, name, position, kind, base, category, size, attributes, required,
        tuple(labels or ()), checks or "", bounds or "", found,
    )  # fmt: skip


def _parents_first(tables: Mapping[Name, Sequence[SampleColumn]]) -> Iterator[Name]:
    waiting = list(tables)
    while waiting:
        ready = [table for table in waiting if _parents(tables[table]) & set(waiting) <= {table}]
        chosen = ready or waiting[:1]  # a circle has to begin somewhere
        yield from chosen
        waiting = [table for table in waiting if table not in chosen]


def _parents(columns: Sequence[SampleColumn]) -> set[Name]:
    return {column.parent[:2] for column in columns if column.parent}


def _all_at_once(
    connection: Connection[Any], tables: Mapping[Name, Sequence[SampleColumn]], wanted: Sequence[tuple[Name, int]]
) -> list[tuple[Name, int]]:
    """The likeliest values of every column of every row, in one round trip; the rows that were refused."""
    if not wanted:
        return []
    attempts = [
        f"BEGIN {_likeliest(table, tuple(tables[table]), row)}; "
        f"EXCEPTION WHEN OTHERS THEN refused := refused || '{place}'::text; END;"
        for place, (table, row) in enumerate(wanted)
    ]
    body = (
        "DECLARE refused text[] := '{}'; BEGIN SET CONSTRAINTS ALL IMMEDIATE; "
        + "\n".join(attempts)
        + f" PERFORM set_config('{_REFUSED}', array_to_string(refused, ','), false); END"
    )
    try:
        connection.execute(sql.SQL("DO {}").format(sql.Literal(body)), prepare=False)
    except psycopg.Error:
        return list(wanted)
    places = connection.execute("SELECT current_setting(%s)", [_REFUSED]).fetchone()
    return [wanted[int(place)] for place in (places[0] if places else "").split(",") if place]


@lru_cache(maxsize=4096)
def _likeliest(table: Name, columns: Sequence[SampleColumn], row: int) -> str:
    return _insert(table, [(column, _candidates(table, column, row)[0]) for column in columns]).as_string(None)


def _by_table(refused: Sequence[tuple[Name, int]]) -> dict[Name, list[int]]:
    rows: dict[Name, list[int]] = {}
    for table, row in refused:
        rows.setdefault(table, []).append(row)
    return rows


def _one_by_one(
    connection: Connection[Any], table: Name, columns: Sequence[SampleColumn], rows: Sequence[int]
) -> str | None:
    """All columns, then only those that must have a value; what the server said when it refused the last row."""
    reason: str | None = None
    for row in rows:
        for chosen in (columns, [column for column in columns if column.required]):
            reason = _search(connection, table, chosen, row)
            if reason is None:
                break
        if reason is not None:
            break  # what refuses one row will refuse the next one too
    return reason


def _search(connection: Connection[Any], table: Name, columns: Sequence[SampleColumn], row: int) -> str | None:
    """Try values until a row is taken: each refusal names the columns that get their next values."""
    candidates = {column.name: _candidates(table, column, row) for column in columns}
    chosen = {name: values[0] for name, values in candidates.items()}
    turns: dict[frozenset[str], Iterator[_Values]] = {}
    involved: Mapping[str, Sequence[str]] | None = None
    reason = "no value to try"
    for _ in range(_MOST_TRIES):
        try:
            connection.execute(_insert(table, [(column, chosen[column.name]) for column in columns]))
        except psycopg.Error as error:
            reason = str(error.diag.message_primary or error)
            if involved is None:
                involved = _constraint_columns(connection, table)
            culprits = _culprits(error, involved) & frozenset(candidates)
            turn = turns.setdefault(culprits, _turns({name: candidates[name] for name in culprits} or candidates))
            values = next(turn, None)
            if values is None:
                return reason
            chosen.update(values)
        else:
            return None
    return reason


def _culprits(error: psycopg.Error, involved: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The columns that a refusal speaks of; none where it does not say."""
    if error.diag.column_name:
        return frozenset({error.diag.column_name})
    return frozenset(involved.get(error.diag.constraint_name or "", ()))


def _turns(candidates: Mapping[str, Sequence[sql.Composable]]) -> Iterator[_Values]:
    """Other values: one column after the other first, for mostly one is to blame, then all of them together."""
    names = sorted(candidates)
    first = {name: values[0] for name, values in candidates.items()}
    for name in names:
        for value in candidates[name][1:]:
            yield {**first, name: value}
    for together in product(*(candidates[name] for name in names)):
        yield dict(zip(names, together, strict=True))


def _constraint_columns(connection: Connection[Any], table: Name) -> dict[str, Sequence[str]]:
    name = sql.Identifier(*table).as_string(connection)
    return dict(connection.execute(_CONSTRAINTS.encode(), [name, name]).fetchall())


def _has_rows(connection: Connection[Any], table: Name) -> bool:
    row = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(*table))).fetchone()
    return bool(row and row[0])


def _insert(table: Name, values: Sequence[tuple[SampleColumn, sql.Composable]]) -> sql.Composed:
    if not values:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.Identifier(*table))
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(*table),
        sql.SQL(", ").join(sql.Identifier(column.name) for column, _ in values),
        sql.SQL(", ").join(value for _, value in values),
    )


def _candidates(table: Name, column: SampleColumn, row: int) -> list[sql.Composable]:
    null: list[sql.Composable] = [] if column.required else [sql.NULL]
    if column.parent and column.parent[:2] == table:
        return [*null, *_written(column, row)]  # the first row can only point to itself
    if column.parent:
        return [_of_parent(column.parent, row - 1), _of_parent(column.parent, 0), *null]
    return _written(column, row) or [sql.NULL]


def _written(column: SampleColumn, row: int) -> list[sql.Composable]:
    kind = sql.SQL(column.kind)
    return [sql.SQL("CAST({} AS {})").format(sql.Literal(text), kind) for text in texts(column, row)]


def _of_parent(parent: tuple[str, str, str, tuple[str, ...]], place: int) -> sql.Composable:
    """The key of the parent's row at this place; all columns of a key take theirs from the same row."""
    schema, table, column, keys = parent
    return sql.SQL("(SELECT {} FROM {} ORDER BY {} OFFSET {} LIMIT 1)").format(
        sql.Identifier(column),
        sql.Identifier(schema, table),
        sql.SQL(", ").join(map(sql.Identifier, keys)),
        sql.Literal(place % ROWS),
    )
