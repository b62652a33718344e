"""The catalog of one database, read again only as far as it has changed since the last time.

Definitions are written anew for relations whose own rows of the catalog have changed, and for views, rules and policies
that read them; for the others they can only differ by a name. So where anything that was there before has another name,
all is read again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection, Cursor, RawCursor

from gatekeeper.staging.catalog import Catalog, Entry, assembled, entries_of, reading
from gatekeeper.staging.catalog_queries import of_database, of_relations, of_these_relations
from gatekeeper.staging.catalog_queries.stamp import NAMES, RELATION_STAMPS, database_stamp

# Before, whether an index is valid was written into its row in place, without a transaction number.
_STAMPED_SINCE = 14

_COLUMNS = """
    SELECT 'relation', oid::bigint, 0, concat_ws(' ', relnamespace, relname) FROM pg_class WHERE {relation}
    UNION ALL SELECT 'column', attrelid, attnum, attname FROM pg_attribute WHERE {column} AND attnum > 0
       AND NOT attisdropped
"""
_ALL_NAMES = _COLUMNS.format(relation="oid >= 16384", column="attrelid >= 16384")
_THESE_NAMES = _COLUMNS.format(relation="oid = ANY ($1::oid[])", column="attrelid = ANY ($1::oid[])")
# What reads these relations: views and their views, rules, policies; 0 for functions, which are no relations.
_READERS = """
    WITH RECURSIVE readers (oid) AS (
        SELECT unnest($1::oid[])
        UNION SELECT coalesce(w.ev_class, p.polrelid, f.none)
          FROM readers r JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
          LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
          LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
          LEFT JOIN (SELECT 0::oid AS none) f ON d.classid = 'pg_proc'::regclass
         WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass))
    SELECT readers.oid::bigint, EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass
               AND x.objid = readers.oid AND x.deptype = 'e') FROM readers
"""

_Names = Mapping[tuple[str, int, int], str]


@dataclass
class CatalogReader:
    """What was read of one database; sessions come from outside, one after the other, and between transactions.

    `stamps` are those of the relations when it was read last, by OID, and `wholes` how often all that is not about one
    relation alone was read.
    """

    stamps: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    wholes: int = 0
    _database_stamp: object = None
    _names: _Names = field(default_factory=dict)
    _of_relations: Mapping[int, list[Entry]] = field(default_factory=dict)
    _of_database: list[Entry] = field(default_factory=list)
    _catalog: Catalog | None = None

    def read(self, connection: Connection[Any]) -> Catalog:
        """The catalog as it is now."""
        version = connection.info.server_version // 10000
        with reading(connection):
            with connection.pipeline():
                of_database = _ask(connection, database_stamp(version))
                of_relations = _ask(connection, RELATION_STAMPS)
            stamp = of_database.fetchone()
            stamps = {oid: tuple(numbers) for oid, numbers in of_relations.fetchall()}
            touched = {oid for oid, numbers in stamps.items() if self.stamps.get(oid) != numbers}
            gone = self.stamps.keys() - stamps.keys()
            anew = stamp != self._database_stamp
            if self._catalog is None or touched or gone or anew or version < _STAMPED_SINCE:
                is_known = self._catalog is not None and version >= _STAMPED_SINCE
                self._catalog = self._changed(connection, touched, gone, anew=anew) if is_known else None
                self._catalog = self._catalog or self._whole(connection)
            self.stamps, self._database_stamp = stamps, stamp
            return self._catalog

    def _whole(self, connection: Connection[Any]) -> Catalog:
        version = connection.info.server_version // 10000
        self.wholes += 1
        self._names = {**_names(connection), **_relation_names(connection, None)}
        self._of_relations = _relations(connection, version, None)
        self._of_database = _database(connection, version)
        return self._assembled()

    def _changed(
        self, connection: Connection[Any], touched: Collection[int], gone: Collection[int], *, anew: bool
    ) -> Catalog | None:
        """None where a name has changed."""
        version = connection.info.server_version // 10000
        names = _relation_names(connection, touched) if touched else {}
        if anew:
            names = {**names, **_names(connection)}
        if any(self._names.get(key, name) != name for key, name in names.items()):
            return None
        self._names = {**self._names, **names}
        readers = dict(_ask(connection, _READERS, touched).fetchall()) if touched else {}
        kept = {oid: of_one for oid, of_one in self._of_relations.items() if oid not in gone and oid not in readers}
        self._of_relations = {**kept, **(_relations(connection, version, readers) if touched else {})}
        if anew or 0 in readers or any(readers.values()):
            self.wholes += 1
            self._of_database = _database(connection, version)
        return self._assembled()

    def _assembled(self) -> Catalog:
        return assembled([*(entry for of_one in self._of_relations.values() for entry in of_one), *self._of_database])


def _relations(connection: Connection[Any], version: int, only: Collection[int] | None) -> dict[int, list[Entry]]:
    queries = of_relations(version) if only is None else of_these_relations(version)
    with connection.pipeline():
        cursors = [_ask(connection, query, only) for query in queries]
    found: dict[int, list[Entry]] = {}
    for cursor in cursors:
        for row in cursor.fetchall():
            found.setdefault(row[4], []).extend(entries_of([row]))
    return found


def _database(connection: Connection[Any], version: int) -> list[Entry]:
    with connection.pipeline():
        cursors = [_ask(connection, query) for query in of_database(version)]
    return entries_of(row for cursor in cursors for row in cursor.fetchall())


def _names(connection: Connection[Any]) -> _Names:
    return {(kind, oid, 0): name for kind, oid, name in _ask(connection, NAMES).fetchall()}


def _relation_names(connection: Connection[Any], only: Collection[int] | None) -> _Names:
    """Of relations and their columns; a name that is there no more is nobody's concern."""
    rows = _ask(connection, _ALL_NAMES if only is None else _THESE_NAMES, only).fetchall()
    return {(kind, oid, number): name for kind, oid, number, name in rows}


def _ask(connection: Connection[Any], query: str, oids: Collection[int] | None = None) -> Cursor[Any]:
    parameters = None if oids is None else [f"{{{','.join(map(str, sorted(oids)))}}}"]
    return RawCursor(connection).execute(query.encode(), parameters, prepare=True)
