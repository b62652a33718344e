"""Reads from the target what the preflight judges: catalogs and statistics, and the disk where it is this machine's."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.apply.blockers import blockers_on, old_snapshots, tables_of
from gatekeeper.apply.demand import Demand
from gatekeeper.apply.preflight import Conditions, Slot, Standby
from gatekeeper.apply.session import DatabaseUnreachable, place, session
from migrations_lint.model import Relation
from migrations_lint.snapshot import Size

_HERE = ("", "localhost", "127.0.0.1", "::1")

_ROLE = """
SELECT pg_is_in_recovery(), pg_has_role('pg_read_all_stats', 'USAGE'),
       EXISTS (SELECT FROM pg_stat_activity
                WHERE usename <> current_user AND datname = current_database() AND backend_type = 'client backend'),
       current_setting('synchronous_standby_names') <> '',
       (SELECT setting FROM pg_settings WHERE name = 'data_directory')
"""
_STANDBYS = """
SELECT coalesce(nullif(application_name, ''), client_addr::text, 'a standby'),
       coalesce(extract(epoch FROM replay_lag), 0)::float8, coalesce(sync_state IN ('sync', 'quorum'), false)
  FROM pg_stat_replication ORDER BY 1
"""
_SLOTS = """
SELECT slot_name, active, coalesce(pg_current_wal_lsn() - restart_lsn, 0)::int8,
       (to_jsonb(s) ->> 'safe_wal_size')::int8
  FROM pg_replication_slots s ORDER BY 1
"""
_CONNECTIONS_LEFT = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true), '0')::int
       - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend')
"""
# An index that is being built right now is invalid too.
_INVALID = """
SELECT n.nspname || '.' || c.relname
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'i' AND i.indrelid = ANY (%(tables)s)
   AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
 ORDER BY 1
"""
_HALF_DETACHED = """
SELECT i.inhrelid::regclass::text FROM pg_inherits i
 WHERE (to_jsonb(i) ->> 'inhdetachpending')::boolean AND i.inhparent = ANY (%(tables)s)
"""
_LONGEST_QUERY = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
# The size functions open the table, and would wait for whoever has locked it.
_SIZES = """
SELECT n.nspname, c.relname, greatest(c.reltuples, 0)::int8,
       c.relpages::int8 * current_setting('block_size')::int8,
       coalesce((SELECT t.relpages::int8 FROM pg_class t WHERE t.oid = c.reltoastrelid), 0)
         * current_setting('block_size')::int8,
       coalesce((SELECT sum(x.relpages)::int8 FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                  WHERE i.indrelid = c.oid), 0) * current_setting('block_size')::int8
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest(%(schemas)s::name[], %(names)s::name[]))
"""


def conditions(
    watcher: Connection[Any],
    demands: Sequence[Demand],
    ours: Iterable[int],
    *,
    synchronous_commit: str,
    standbys: Sequence[str] = (),
) -> Conditions:
    """Everything that is looked at before a run; a standby that does not answer counts as one without queries."""
    recovery, sees, others, wants, directory = _row(watcher, _ROLE)
    if recovery:
        return Conditions(in_recovery=True)
    tables = [table.oid for table in tables_of(watcher, demands).values()]
    return Conditions(
        sees_others=sees,
        others_connected=others,
        on_tables=blockers_on(watcher, tables, ours),
        snapshots=old_snapshots(watcher, ours),
        synchronous_commit=synchronous_commit,
        wants_synchronous=wants,
        standbys=tuple(Standby(*row) for row in watcher.execute(_STANDBYS)),
        queries=tuple(_longest_queries(standbys)),
        slots=tuple(Slot(*row) for row in watcher.execute(_SLOTS)),
        invalid_indexes=tuple(row[0] for row in watcher.execute(_INVALID, {"tables": tables})),
        half_detached=tuple(row[0] for row in watcher.execute(_HALF_DETACHED, {"tables": tables})),
        connections_left=_row(watcher, _CONNECTIONS_LEFT)[0],
        disk_free=_disk_free(watcher, directory),
    )


def sizes_of(watcher: Connection[Any], relations: Iterable[Relation]) -> dict[Relation, Size]:
    """How large the tables are, by the planner's statistics."""
    wanted = list(dict.fromkeys(relations))
    names = {"schemas": [one.schema for one in wanted], "names": [one.name for one in wanted]}
    rows = watcher.execute(_SIZES, names).fetchall() if wanted else []
    return {Relation(schema, name): Size(*sizes) for schema, name, *sizes in rows}


def _longest_queries(urls: Sequence[str]) -> Iterator[tuple[str, float]]:
    for url in urls:
        with contextlib.suppress(DatabaseUnreachable, psycopg.Error), session(url, "gatekeeper") as standby:
            yield place(url), _row(standby, _LONGEST_QUERY)[0]


def _disk_free(watcher: Connection[Any], directory: str | None) -> int | None:
    host = str(conninfo_to_dict(watcher.info.dsn).get("host") or "")
    if directory is None or not (host in _HERE or host.startswith("/")) or not Path(directory).is_dir():
        return None
    return shutil.disk_usage(directory).free


def _row(connection: Connection[Any], query: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)
