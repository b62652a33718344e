"""Where a database keeps values and what it demands of them, followed by OID, so that a rename is no drop."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import Connection, RawCursor

from gatekeeper.staging.catalog import reading

_USERS = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relpersistence <> 't'"
_FROM = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"

_TABLES = f"""
    SELECT c.oid, n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname), c.relkind = 'p',
           CASE WHEN c.relispartition THEN (SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid LIMIT 1) END,
           CASE WHEN c.relispartition THEN pg_get_partition_constraintdef(c.oid) END
      {_FROM} WHERE c.relkind IN ('r', 'p') AND {_USERS}
"""
_COLUMNS = f"""
    SELECT a.attrelid, a.attnum, a.attname, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
           b.typname, CASE WHEN b.typname IN ('varchar', 'bpchar') AND m.typmod > 4 THEN m.typmod - 4 END,
           CASE WHEN b.typname = 'numeric' AND m.typmod > 4 THEN (m.typmod - 4) >> 16 END,
           CASE WHEN b.typname = 'numeric' AND m.typmod > 4 THEN (m.typmod - 4) & 65535 END,
           (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = b.oid),
           CASE WHEN t.typtype = 'd' THEN t.oid END, a.attnotnull, a.attgenerated <> '',
           CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type t ON t.oid = a.atttypid
      JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
      CROSS JOIN LATERAL (SELECT CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod) m
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {_USERS}
     ORDER BY a.attrelid, a.attnum
"""
# What PostgreSQL would have to verify if it were added now. NOT VALID is left out: nobody looks at old rows then.
_DEMANDS = f"""
    SELECT c.oid, 'check', k.conname::text, pg_get_expr(k.conbin, k.conrelid), NULL::text[], NULL::oid, NULL::text[],
           NULL::text[] {_FROM} JOIN pg_constraint k ON k.conrelid = c.oid
     WHERE k.contype = 'c' AND k.convalidated AND NOT k.connoinherit AND {_USERS}
    UNION ALL SELECT c.oid, 'foreign key', k.conname, NULL,
           (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number), k.confrelid,
           (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number), NULL
      {_FROM} JOIN pg_constraint k ON k.conrelid = c.oid
     WHERE k.contype = 'f' AND k.convalidated AND k.conparentid = 0 AND {_USERS}
    UNION ALL SELECT c.oid, CASE WHEN i.indisexclusion THEN 'exclusion' ELSE 'unique' END, ic.relname,
           pg_get_expr(i.indpred, i.indrelid),
           (SELECT array_agg(pg_get_indexdef(i.indexrelid, place, true) ORDER BY place)
              FROM generate_series(1, i.indnkeyatts) place), NULL, NULL,
           CASE WHEN i.indisexclusion THEN (SELECT array_agg(format('OPERATOR(%I.%s)', o.nspname, p.oprname)
                    ORDER BY u.place) FROM pg_constraint k, unnest(k.conexclop) WITH ORDINALITY u(operator, place),
                    pg_operator p, pg_namespace o
                  WHERE k.conindid = i.indexrelid AND k.contype = 'x' AND p.oid = u.operator AND o.oid = p.oprnamespace)
                WHEN to_jsonb(i)->>'indnullsnotdistinct' = 'true' THEN ARRAY['nulls not distinct'] END
      {_FROM} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class ic ON ic.oid = i.indexrelid
     WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid AND NOT ic.relispartition AND {_USERS}
"""
_DOMAINS = """
    SELECT t.oid, format('%I.%I', n.nspname, t.typname), concat_ws(' AND ',
           CASE WHEN t.typnotnull THEN 'VALUE IS NOT NULL' END,
           (SELECT string_agg(pg_get_expr(k.conbin, 0), ' AND ' ORDER BY k.conname) FROM pg_constraint k
             WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated))
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype = 'd' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
"""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table by its names: as reports say it, and as SQL spells it; `bound` is what a partition demands."""

    name: str
    sql: str
    is_partitioned: bool
    parent: int | None
    bound: str | None

    @property
    def rows(self) -> str:
        """Its own rows: those of tables that inherit from it are theirs."""
        return self.sql if self.is_partitioned else f"ONLY {self.sql}"


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column as far as what it can hold goes.

    `base` is the type without its modifiers, a domain's where it has one; `length` limits a varchar or char,
    `precision` and `scale` a numeric, `labels` an enum; `domain` is the OID of its domain.
    """

    name: str
    sql: str
    type: str
    base: str
    length: int | None
    precision: int | None
    scale: int | None
    labels: tuple[str, ...] | None
    domain: int | None
    not_null: bool
    generated: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Demand:
    """A constraint that holds for every row: a check, a foreign key, a unique index or an exclusion.

    `condition` is the check, or the predicate of the index; `keys` are columns, or the index's expressions;
    `operators` are an exclusion's, or say that NULL equals NULL.
    """

    table: int
    kind: str
    name: str
    condition: str | None
    keys: tuple[str, ...] | None
    parent: int | None
    parent_keys: tuple[str, ...] | None
    operators: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain and what its values must be, with VALUE for the value; empty where it demands nothing."""

    name: str
    condition: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Tables by OID, columns by OID and number, what they demand, domains by OID."""

    tables: Mapping[int, StoredTable]
    columns: Mapping[tuple[int, int], StoredColumn]
    demands: tuple[Demand, ...] = ()
    domains: Mapping[int, Domain] = field(default_factory=dict)


def storage_of(connection: Connection[Any]) -> Storage:
    """Read it from the catalog in one round trip."""
    return _read(connection, (_TABLES, _COLUMNS, _DEMANDS, _DOMAINS), None)


def storage_again(connection: Connection[Any], known: Storage, touched: Collection[int]) -> Storage:
    """The same where all is known of an earlier moment, and only the tables with these OIDs may have changed since."""
    # What the default partition takes is decided by the others.
    these = f"{_USERS} AND (c.oid = ANY ($1::oid[]) OR c.oid IN (SELECT partdefid FROM pg_partitioned_table))"
    queries = [query.replace(_USERS, these) for query in (_TABLES, _COLUMNS, _DEMANDS)]
    found = _read(connection, (*queries, _DOMAINS), f"{{{','.join(map(str, sorted(touched)))}}}")
    kept = _only(known, known.tables.keys() - found.tables.keys() - set(touched))
    tables = {oid: table for oid, table in known.tables.items() if oid not in touched} | dict(found.tables)
    return replace(
        found,
        tables=tables,
        columns={**kept.columns, **found.columns},
        demands=(*kept.demands, *found.demands),
    )


def _read(connection: Connection[Any], queries: Sequence[str], which: str | None) -> Storage:
    with reading(connection), connection.pipeline():
        parameters = [[which] if which is not None and "$1" in query else None for query in queries]
        tables, columns, demands, domains = (
            RawCursor(connection).execute(query.encode(), some, prepare=True)
            for query, some in zip(queries, parameters, strict=True)
        )
        return Storage(
            {oid: StoredTable(*rest) for oid, *rest in tables.fetchall()},
            {(oid, number): StoredColumn(*map(_fixed, rest)) for oid, number, *rest in columns.fetchall()},
            tuple(Demand(*map(_fixed, row)) for row in demands.fetchall()),
            {oid: Domain(*rest) for oid, *rest in domains.fetchall()},
        )


def narrowed(before: Storage, after: Storage) -> tuple[Storage, Storage]:
    """Both with the columns and demands of only those tables that differ; all tables and domains keep their names."""
    differ = {oid for oid in {*before.tables, *after.tables} if before.tables.get(oid) != after.tables.get(oid)}
    differ |= {key[0] for key, _ in set(before.columns.items()) ^ set(after.columns.items())}
    differ |= {demand.table for demand in set(before.demands) ^ set(after.demands)}
    if before.domains != after.domains:
        differ |= {key[0] for key, column in after.columns.items() if column.domain is not None}
    return _only(before, differ), _only(after, differ)


def _only(storage: Storage, tables: Collection[int]) -> Storage:
    return replace(
        storage,
        columns={key: column for key, column in storage.columns.items() if key[0] in tables},
        demands=tuple(demand for demand in storage.demands if demand.table in tables),
    )


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
