"""What a session holds and what its relations look like, by OID; compared before and after a statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import Connection, Cursor

from migrations_lint.locks import BY_CATALOG_NAME, LockMode
from migrations_lint.model import Relation, RelationKind, Work

LockMap = Mapping[int, frozenset[LockMode]]

_KINDS = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED_TABLE,
    "v": RelationKind.VIEW,
    "m": RelationKind.MATERIALIZED_VIEW,
    "S": RelationKind.SEQUENCE,
    "f": RelationKind.FOREIGN_TABLE,
    "i": RelationKind.INDEX,
    "I": RelationKind.INDEX,
}
_ROWS_CHANGE = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")
_WITH_STORAGE = frozenset({RelationKind.TABLE, RelationKind.MATERIALIZED_VIEW})

# Reads pg_class itself: functions such as pg_relation_size would wait for the very locks we look at.
_RELATIONS = """
    SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.relfilenode, coalesce(i.indrelid, 0)
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I')
       AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
"""
# The same of what this transaction has locked: whatever it reads, changes or drops it has locked, and holds to its end.
_TOUCHED = """
    SELECT l.relation, array_agg(DISTINCT l.mode), n.nspname, c.relname, c.relkind::text, c.relfilenode,
           coalesce(i.indrelid, 0), coalesce(pg_catalog.pg_stat_get_xact_numscans(l.relation), 0),
           pg_catalog.pg_stat_get_xact_tuples_inserted(l.relation)
           + pg_catalog.pg_stat_get_xact_tuples_updated(l.relation)
           + pg_catalog.pg_stat_get_xact_tuples_deleted(l.relation)
      FROM pg_catalog.pg_locks l
      LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
      LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
     WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.relation >= 16384
       AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
     GROUP BY l.relation, n.nspname, c.relname, c.relkind, c.relfilenode, i.indrelid
"""
# Counted since the last flush of the session's statistics, which comes between transactions, not inside one.
_COUNTED = """
    SELECT oid, scanned, changed
      FROM (SELECT c.oid, pg_catalog.pg_stat_get_xact_numscans(c.oid) AS scanned,
                   pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
                   + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
                   + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS changed FROM pg_catalog.pg_class c
             WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384) tables
     WHERE scanned > 0 OR changed > 0
"""
_WRITTEN = "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint"
_LOCKS = """
    SELECT relation, mode FROM pg_catalog.pg_locks
     WHERE locktype = 'relation' AND pid = %s
       AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A relation as `pg_class` shows it; `index_of` is the table's OID for an index, else 0."""

    relation: Relation
    kind: RelationKind
    filenode: int
    index_of: int


@dataclass(frozen=True, slots=True)
class Look:
    """All user relations at one moment, the scans and row changes of the transaction so far, and the end of the WAL."""

    relations: Mapping[int, Seen]
    scans: Mapping[int, int]
    written: int = 0
    changes: Mapping[int, int] = field(default_factory=dict)


def look(connection: Connection[Any]) -> Look:
    """Take the whole map; locks nothing but catalogs."""
    with connection.pipeline():
        relations = connection.execute(_RELATIONS, prepare=False)
        counted = connection.execute(_COUNTED, prepare=False)
        written = connection.execute(_WRITTEN, prepare=False)
    scans, changes = _counts(counted.fetchall())
    return Look({oid: _seen(*row) for oid, *row in relations.fetchall()}, scans, _number(written), changes)


def begin(connection: Connection[Any], before: Look) -> Look:
    """Open a transaction; from here on its scans are counted."""
    with connection.pipeline():
        connection.execute("BEGIN", prepare=False)
        counted = connection.execute(_COUNTED, prepare=False)
    scans, changes = _counts(counted.fetchall())
    return replace(before, scans=scans, changes=changes)


def _counts(rows: Iterable[tuple[int, int, int]]) -> tuple[Mapping[int, int], Mapping[int, int]]:
    found = list(rows)
    return {oid: scans for oid, scans, _ in found}, {oid: changes for oid, _, changes in found}


def look_inside(connection: Connection[Any], before: Look) -> tuple[LockMap, Look]:
    """What the open transaction holds, and the map as it sees it: only what it has locked is looked up again."""
    with connection.pipeline():
        touched = connection.execute(_TOUCHED, prepare=False)
        written = connection.execute(_WRITTEN, prepare=False)
    relations, scans, changes, locks = dict(before.relations), dict(before.scans), dict(before.changes), {}
    for oid, modes, schema, name, kind, filenode, index_of, scanned, changed in touched.fetchall():
        locks[oid] = frozenset(BY_CATALOG_NAME[mode] for mode in modes)
        relations.pop(oid, None)
        if kind in _KINDS and not schema.startswith("pg_toast"):
            relations[oid] = _seen(schema, name, kind, filenode, index_of)
            scans[oid], changes[oid] = scanned, changed or 0
    return locks, Look(relations, scans, _number(written), changes)


def locks_of(connection: Connection[Any], pid: int) -> LockMap:
    """The relation locks that another session holds or waits for."""
    found: dict[int, frozenset[LockMode]] = {}
    for oid, mode in connection.execute(_LOCKS, [pid], prepare=False).fetchall():
        found[oid] = found.get(oid, frozenset()) | {BY_CATALOG_NAME[mode]}
    return found


def _seen(schema: str, name: str, kind: str, filenode: int, index_of: int) -> Seen:
    schema = "pg_temp" if schema.startswith("pg_temp_") else schema
    return Seen(Relation(schema, name), _KINDS[kind], filenode, index_of)


def _number(cursor: Cursor[Any]) -> int:
    (number,) = cursor.fetchone() or (0,)
    return int(number)


def work_between(before: Look, after: Look, locks: LockMap, command: str) -> Mapping[int, Work]:
    """The heaviest work done on each relation that was there before and is there still."""
    built = _tables_with_new_indexes(before, after)
    works: dict[int, Work] = {}
    for oid in locks:  # whatever was worked on was locked
        seen, now = before.relations.get(oid), after.relations.get(oid)
        if seen is not None and now is not None and seen.kind is not RelationKind.INDEX:
            modes = locks.get(oid, frozenset())
            same_file = seen.filenode == now.filenode
            if LockMode.ROW_EXCLUSIVE in modes and same_file and _grown(oid, before.changes, after.changes):
                works[oid] = Work.ROW_CHANGE
                continue
            scanned = _grown(oid, before.scans, after.scans)
            works[oid] = _work(seen, now, modes, command, built=oid in built, scanned=scanned)
    return works


def _work(seen: Seen, now: Seen, modes: frozenset[LockMode], command: str, *, built: bool, scanned: bool) -> Work:
    if modes and command.startswith("TRUNCATE") and seen.filenode != now.filenode:
        return Work.ROW_CHANGE
    if seen.kind in _WITH_STORAGE and seen.filenode != now.filenode:
        return Work.REWRITE
    if LockMode.ROW_EXCLUSIVE in modes and command.startswith(_ROWS_CHANGE):
        return Work.ROW_CHANGE
    if built:
        return Work.INDEX_BUILD
    if scanned or (modes and command in {"VACUUM", "ANALYZE"} and seen.kind in _WITH_STORAGE):
        return Work.SCAN
    return Work.INSTANT


def _grown(table: int, before: Mapping[int, int], after: Mapping[int, int]) -> bool:
    return after.get(table, 0) > before.get(table, 0)


def _tables_with_new_indexes(before: Look, after: Look) -> frozenset[int]:
    """ALTER COLUMN TYPE may make an index anew on its old file: only a new file is a new index."""
    other = [seen for oid, seen in after.relations.items() if seen.index_of and before.relations.get(oid) != seen]
    if not other:
        return frozenset()
    old = {seen.filenode for seen in before.relations.values()} | {0}
    return frozenset(seen.index_of for seen in other if seen.filenode not in old)
