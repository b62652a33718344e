"""A bounded sample of a database's rows whose foreign keys hold: whatever a row refers to comes along."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.staging.catalog import BOOKKEEPING

_TABLES = """
    SELECT c.oid::bigint, n.nspname, c.relname,
           array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                    AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema'
       AND n.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid
                          AND x.deptype = 'e')
     ORDER BY n.nspname, c.relname
"""
_KEYS = """
    SELECT k.conrelid::bigint, pn.nspname, p.relname,
           (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number),
           (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
      JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE k.contype = 'f' AND c.relkind = 'r'
"""
_SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows in the form of COPY, by table, with the columns; parents come first. Positions of sequences."""

    rows: Mapping[Place, tuple[tuple[str, ...], bytes]]
    sequences: Mapping[Place, int] = field(default_factory=dict)

    def put(self, connection: Connection[Any]) -> int:
        """Into a database with the same tables; how many tables took theirs. Whatever is refused is left out, alone."""
        taken = 0
        for table, (columns, data) in self.rows.items():
            try:
                with connection.transaction():
                    connection.execute("SET CONSTRAINTS ALL DEFERRED")
                    connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(*table)))
                    with connection.cursor().copy(_copy_into(table, columns)) as copy:
                        copy.write(data)
                    connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(*table)))
                taken += 1
            except psycopg.Error:
                continue
        for sequence, last in self.sequences.items():
            name = sql.Identifier(*sequence).as_string(connection)
            connection.execute("SELECT setval(%s::regclass, %s)", [name, last])
        return taken


def take_sample(connection: Connection[Any], rows: int) -> Sample:
    """So many rows of each table, and what they refer to; in the reader's transaction, which may be read-only."""
    tables = {oid: (schema, name, tuple(columns)) for oid, schema, name, columns in _all(connection, _TABLES)}
    tables = {oid: table for oid, table in tables.items() if table[1] not in BOOKKEEPING and table[2]}
    keys = [key for key in _all(connection, _KEYS) if key[0] in tables]
    chosen: dict[int, set[str]] = {oid: set() for oid in tables}
    for oid, (schema, name, _) in tables.items():
        query = sql.SQL("SELECT ctid::text FROM ONLY {} LIMIT {}").format(sql.Identifier(schema, name), rows)
        chosen[oid] |= {place for (place,) in connection.execute(query).fetchall()}
    new = chosen
    while any(new.values()):
        new = _referred_to(connection, tables, keys, new, chosen)
        for oid, places in new.items():
            chosen[oid] |= places
    sample = {}
    for oid in _parents_first(tables, keys):
        schema, name, columns = tables[oid]
        sample[schema, name] = (columns, _copied(connection, (schema, name), columns, chosen[oid]))
    sequences = {(schema, name): last for schema, name, last in _all(connection, _SEQUENCES)}
    return Sample(sample, sequences)


def _all(connection: Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def _referred_to(
    connection: Connection[Any],
    tables: Mapping[int, tuple[str, str, tuple[str, ...]]],
    keys: list[tuple[Any, ...]],
    new: Mapping[int, set[str]],
    chosen: Mapping[int, set[str]],
) -> dict[int, set[str]]:
    """The rows to which the new ones refer and that are not there yet; a partitioned parent's lie in its parts."""
    found: dict[int, set[str]] = {}
    for child, schema, name, columns, parent_columns in keys:
        if not new.get(child):
            continue
        equal = [
            sql.SQL("p.{} = c.{}").format(sql.Identifier(there), sql.Identifier(here))
            for here, there in zip(columns, parent_columns, strict=True)
        ]
        query = sql.SQL(
            "SELECT DISTINCT p.tableoid::bigint, p.ctid::text FROM ONLY {} c JOIN {} p ON {} "
            "WHERE c.ctid = ANY ({}::tid[])"
        ).format(
            sql.Identifier(*tables[child][:2]),
            sql.Identifier(schema, name),
            sql.SQL(" AND ").join(equal),
            sql.Literal(sorted(new[child])),
        )
        for parent, place in connection.execute(query).fetchall():
            if parent in chosen and place not in chosen[parent]:
                found.setdefault(parent, set()).add(place)
    return found


def _parents_first(tables: Mapping[int, tuple[Any, ...]], keys: list[tuple[Any, ...]]) -> Iterator[int]:
    by_name = {(table[0], table[1]): oid for oid, table in tables.items()}
    parents = {oid: {by_name.get((key[1], key[2])) for key in keys if key[0] == oid} - {oid, None} for oid in tables}
    waiting = list(tables)
    while waiting:
        ready = [oid for oid in waiting if not parents[oid] & set(waiting)] or waiting[:1]
        yield from ready
        waiting = [oid for oid in waiting if oid not in ready]


def _copied(connection: Connection[Any], table: Place, columns: tuple[str, ...], places: set[str]) -> bytes:
    if not places:
        return b""
    query = sql.SQL("COPY (SELECT {} FROM ONLY {} WHERE ctid = ANY ({}::tid[])) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(*table), sql.Literal(sorted(places))
    )
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy)


def _copy_into(table: Place, columns: tuple[str, ...]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(*table), names)
