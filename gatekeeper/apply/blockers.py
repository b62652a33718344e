"""Who holds or waits for the locks that we want, in PostgreSQL's own words, the literals of their queries left out.

Catalogs and statistics only: the size functions would hang on a locked table.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from gatekeeper.apply.demand import Demand
from gatekeeper.model.blocker import Blocker, without_data
from migrations_lint.locks import BY_CATALOG_NAME
from migrations_lint.model import Relation

# A prepared transaction has no process. Its name is found by the lock on its own number, under the virtual transaction
# that it had in the session which prepared it.
_SESSION = """
       CASE WHEN l.pid IS NULL THEN 'prepared' ELSE coalesce(a.state, '') END AS state,
       coalesce(p.gid, a.application_name, '') AS application,
       coalesce(p.owner, a.usename, '') AS role,
       extract(epoch FROM clock_timestamp() - coalesce(p.prepared, a.xact_start))::float8 AS age,
       coalesce(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8 AS idle,
       left(coalesce(a.query, ''), 1000) AS query,
       coalesce(a.backend_type, '') AS kind
"""
_PREPARED = """
  LEFT JOIN LATERAL (SELECT p.* FROM pg_locks x JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
                      WHERE l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid'
                        AND x.virtualtransaction = l.virtualtransaction) AS p ON true
"""

# A session whose transaction ended between the two views is idle or gone; it is in nobody's way.
_ON_TABLES = f"""
SELECT l.virtualtransaction AS transaction, l.pid, n.nspname || '.' || c.relname AS relation, l.mode,
       NOT l.granted AS waits, {_SESSION}
  FROM pg_locks l
  JOIN pg_class c ON c.oid = l.relation
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  {_PREPARED}
 WHERE l.locktype = 'relation'
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.relation = ANY (%(tables)s)
   AND (l.pid IS NULL OR l.pid <> ALL (%(ours)s))
   AND (l.pid IS NULL OR (a.pid IS NOT NULL AND a.state IS DISTINCT FROM 'idle'))
 ORDER BY age DESC NULLS FIRST
"""

# pg_blocking_pids also names sessions queued ahead of us, and 0 for a prepared transaction.
_BEFORE = f"""
SELECT coalesce(l.virtualtransaction, '') AS transaction, l.pid, coalesce(n.nspname || '.' || c.relname, 'a row') AS
       relation, coalesce(l.mode, '') AS mode, NOT coalesce(l.granted, true) AS waits, {_SESSION}
  FROM pg_locks o
  CROSS JOIN LATERAL unnest(pg_blocking_pids(o.pid)) AS b(pid)
  JOIN LATERAL (SELECT * FROM pg_locks t
                 WHERE t.locktype = o.locktype AND t.pid IS NOT DISTINCT FROM nullif(b.pid, 0)
                   AND (t.database, t.relation, t.transactionid, t.virtualxid)
                       IS NOT DISTINCT FROM (o.database, o.relation, o.transactionid, o.virtualxid)
                 ORDER BY t.granted DESC LIMIT 1) AS l ON true
  LEFT JOIN pg_class c ON c.oid = l.relation
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  {_PREPARED}
 WHERE o.pid = %(pid)s AND NOT o.granted
 ORDER BY age DESC NULLS FIRST
"""

_SNAPSHOTS = """
SELECT '' AS transaction, a.pid, 'every table' AS relation, 'a snapshot' AS mode, false AS waits, a.state,
       coalesce(a.application_name, '') AS application, coalesce(a.usename, '') AS role,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age,
       coalesce(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8 AS idle,
       left(coalesce(a.query, ''), 1000) AS query, a.backend_type AS kind
  FROM pg_stat_activity a
 WHERE a.datname = current_database() AND a.backend_xmin IS NOT NULL AND a.pid <> ALL (%(ours)s)
   AND a.backend_type = 'client backend' AND a.xact_start < clock_timestamp() - interval '5 s'
 ORDER BY a.xact_start
"""

# LOCK TABLE needs one of these privileges, which whoever may add a foreign key to a table need not have.
_TABLES = """
SELECT n.nspname, c.relname, c.oid::int8, has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p')
   AND (n.nspname, c.relname) IN (SELECT * FROM unnest(%(schemas)s::name[], %(names)s::name[]))
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is there, and whether our role may lock it by name."""

    oid: int
    may_lock: bool


def blockers_on(watcher: Connection[Any], tables: Iterable[int], ours: Iterable[int]) -> tuple[Blocker, ...]:
    """Everyone with a lock on the tables (by OID), in whatever mode, the oldest transaction first."""
    return tuple(_read(watcher, _ON_TABLES, {"tables": list(tables), "ours": list(ours)}))


def blockers_of(watcher: Connection[Any], pid: int) -> tuple[Blocker, ...]:
    """Who keeps a session waiting; asked from a second connection, for the one that waits cannot answer."""
    return tuple(_read(watcher, _BEFORE, {"pid": pid}))


def old_snapshots(watcher: Connection[Any], ours: Iterable[int]) -> tuple[Blocker, ...]:
    """Who has kept a snapshot of this database for more than 5 seconds, the oldest first."""
    return tuple(_read(watcher, _SNAPSHOTS, {"ours": list(ours)}))


def tables_of(watcher: Connection[Any], demands: Iterable[Demand]) -> dict[Relation, Table]:
    """Those demanded tables that are there."""
    wanted = {(demand.relation.schema, demand.relation.name) for demand in demands}
    names = {"schemas": [schema for schema, _ in wanted], "names": [name for _, name in wanted]}
    found = watcher.execute(_TABLES, names).fetchall() if wanted else []
    return {Relation(schema, name): Table(oid, may_lock) for schema, name, oid, may_lock in found}


def _read(watcher: Connection[Any], query: str, values: dict[str, object]) -> Iterator[Blocker]:
    with watcher.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(query.encode(), values).fetchall():
            mode = BY_CATALOG_NAME.get(row["mode"])
            yield Blocker(**{**row, "query": without_data(row["query"]), "mode": mode.value if mode else row["mode"]})
