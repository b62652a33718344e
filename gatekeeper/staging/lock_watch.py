"""Watch a statement that refuses a transaction (CONCURRENTLY, VACUUM): from a second session, held at barriers."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
from psycopg import Connection, sql

from gatekeeper.staging.lock_map import LockMap, Look, locks_of
from migrations_lint.locks import LockMode
from migrations_lint.model import RelationKind

_LOCKABLE = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})
_BARRIERS = (LockMode.ROW_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE)
_POLL_SECONDS = 0.002
_WAITS = "SELECT wait_event_type = 'Lock' FROM pg_catalog.pg_stat_activity WHERE pid = %s"


def run_watched(connection: Connection[Any], statement: str, before: Look) -> tuple[str, LockMap]:
    """Run it outside a transaction; returns its command tag and every lock that was seen.

    Barriers make it stop where it can be seen: all tables are locked against everybody, then against maintenance,
    then against builds only. Each is lifted once the statement waits for it.
    """
    found: dict[int, frozenset[LockMode]] = {}
    pid = connection.info.backend_pid
    with contextlib.closing(_twin(connection)) as watcher, contextlib.closing(_twin(connection)) as barrier:
        steps = _raise_barriers(barrier, before)
        with ThreadPoolExecutor(max_workers=1) as pool:
            running = pool.submit(connection.execute, statement.encode())
            for seen, waits in _looks(watcher, pid, running):
                for oid, modes in seen.items():
                    found[oid] = found.get(oid, frozenset()) | modes
                if waits and steps:
                    barrier.execute(steps.pop().encode())
            command = running.result().statusmessage or ""
    return command, found


def _raise_barriers(barrier: Connection[Any], before: Look) -> list[str]:
    """Lock every table, weakest mode first; returns what lifts the barriers again, the last one first to go."""
    tables = [seen.relation for seen in before.relations.values() if seen.kind in _LOCKABLE]
    if not tables:
        return []
    names = sql.SQL(", ").join(sql.Identifier(table.schema, table.name) for table in tables)
    barrier.execute("BEGIN")
    steps = []
    for mode in _BARRIERS:
        savepoint = mode.catalog_name
        barrier.execute(sql.SQL("SAVEPOINT {}").format(sql.Identifier(savepoint)))
        barrier.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(names, sql.SQL(mode.value)))
        steps.append(f'ROLLBACK TO SAVEPOINT "{savepoint}"')
    return ["ROLLBACK", *steps[1:]]


def _looks(watcher: Connection[Any], pid: int, running: "Future[Any]") -> Iterator[tuple[LockMap, bool]]:
    while not running.done():
        waits = watcher.execute(_WAITS, [pid]).fetchone()
        yield locks_of(watcher, pid), bool(waits and waits[0])
        time.sleep(_POLL_SECONDS)


def _twin(connection: Connection[Any]) -> Connection[Any]:
    return psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True)
