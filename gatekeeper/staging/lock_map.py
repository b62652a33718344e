"""What a session holds and what its relations look like, by OID; compared before and after a statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

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
_SCANS = "SELECT relid, seq_scan FROM pg_catalog.pg_stat_xact_user_tables WHERE seq_scan > 0"
_LOCKS = """
    SELECT relation, mode FROM pg_catalog.pg_locks
     WHERE locktype = 'relation' AND pid = coalesce(%s, pg_catalog.pg_backend_pid())
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
    """All user relations at one moment, and the sequential scans of the transaction so far."""

    relations: Mapping[int, Seen]
    scans: Mapping[int, int]


def look(connection: Connection[Any]) -> Look:
    """Take the map; locks nothing but catalogs."""
    with connection.pipeline():
        relations = connection.execute(_RELATIONS, prepare=False)
        scans = connection.execute(_SCANS, prepare=False)
    return Look(
        {
            oid: Seen(Relation(schema, name), _KINDS[kind], filenode, index_of)
            for oid, schema, name, kind, filenode, index_of in relations.fetchall()
        },
        dict(scans.fetchall()),
    )


def locks_of(connection: Connection[Any], pid: int | None = None) -> LockMap:
    """The relation locks that a session holds or waits for; our own where no pid is given."""
    found: dict[int, frozenset[LockMode]] = {}
    for oid, mode in connection.execute(_LOCKS, [pid], prepare=False).fetchall():
        found[oid] = found.get(oid, frozenset()) | {BY_CATALOG_NAME[mode]}
    return found


def work_between(before: Look, after: Look, locks: LockMap, command: str) -> Mapping[int, Work]:
    """The heaviest work done on each relation that was there before and is there still."""
    works: dict[int, Work] = {}
    for oid, seen in before.relations.items():
        now = after.relations.get(oid)
        if now is not None and seen.kind is not RelationKind.INDEX:
            works[oid] = _work(oid, seen, now, before, after, locks.get(oid, frozenset()), command)
    return works


def _work(oid: int, seen: Seen, now: Seen, before: Look, after: Look, modes: frozenset[LockMode], command: str) -> Work:
    if modes and command.startswith("TRUNCATE") and seen.filenode != now.filenode:
        return Work.ROW_CHANGE
    if seen.kind in _WITH_STORAGE and seen.filenode != now.filenode:
        return Work.REWRITE
    if LockMode.ROW_EXCLUSIVE in modes and command.startswith(_ROWS_CHANGE):
        return Work.ROW_CHANGE
    if _has_new_index(oid, before, after):
        return Work.INDEX_BUILD
    if after.scans.get(oid, 0) > before.scans.get(oid, 0):
        return Work.SCAN
    if modes and command in {"VACUUM", "ANALYZE"}:
        return Work.SCAN
    return Work.INSTANT


def _has_new_index(table: int, before: Look, after: Look) -> bool:
    return any(
        seen.index_of == table and seen.filenode and (oid not in before.relations or _rebuilt(oid, before, after))
        for oid, seen in after.relations.items()
    )


def _rebuilt(index: int, before: Look, after: Look) -> bool:
    return before.relations[index].filenode != after.relations[index].filenode
