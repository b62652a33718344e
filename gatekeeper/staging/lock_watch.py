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
_ONE_BY_ONE = (LockMode.ROW_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE)
_POLL_SECONDS = 0.002
_WAITS_FOR = "SELECT %s = ANY (pg_catalog.pg_blocking_pids(%s))"


def run_watched(connection: Connection[Any], statement: str, before: Look) -> tuple[str, LockMap]:
    """Run it outside a transaction; returns its command tag and every lock that was seen.

    Barriers make it stop where it can be seen: all tables are locked against everybody, then against maintenance,
    then against builds only. Each is lifted once the statement waits for it, the weaker kinds table by table: some
    statements go from one to the next in transactions of their own.
    """
    found: dict[int, frozenset[LockMode]] = {}
    pid = connection.info.backend_pid
    with contextlib.closing(_twin(connection)) as watcher, contextlib.closing(_twin(connection)) as barrier:
        steps = _raise_barriers(barrier, before)
        with ThreadPoolExecutor(max_workers=1) as pool:
            running = pool.submit(connection.execute, statement.encode())
            for seen, waits in _looks(watcher, pid, barrier.info.backend_pid, running):
                for oid, modes in seen.items():
                    found[oid] = found.get(oid, frozenset()) | modes
                if waits and steps:
                    barrier.execute(steps.pop().encode())
            command = running.result().statusmessage or ""
    return command, found


def _raise_barriers(barrier: Connection[Any], before: Look) -> list[str]:
    """Lock every table, weakest mode first; returns what lifts the barriers again, the last one first to go.

    The oldest tables are locked last, for a statement that goes through several begins with those.
    """
    lockable = {oid: seen.relation for oid, seen in before.relations.items() if seen.kind in _LOCKABLE}
    tables = [sql.SQL("ONLY ") + sql.Identifier(lockable[oid].schema, lockable[oid].name) for oid in sorted(lockable)]
    if not tables:
        return []
    barriers = [(mode, table) for mode in _ONE_BY_ONE for table in reversed(tables)]
    barriers.append((LockMode.ACCESS_EXCLUSIVE, sql.SQL(", ").join(tables)))
    barrier.execute("BEGIN")
    for number, (mode, names) in enumerate(barriers):
        barrier.execute(sql.SQL("SAVEPOINT {}").format(sql.Identifier(f"barrier {number}")))
        barrier.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(names, sql.SQL(mode.value)))
    return ["ROLLBACK", *(f'ROLLBACK TO SAVEPOINT "barrier {number}"' for number in range(1, len(barriers)))]


def _looks(watcher: Connection[Any], pid: int, barrier: int, running: "Future[Any]") -> Iterator[tuple[LockMap, bool]]:
    """What the session holds or waits for, and whether it waits for the barriers."""
    while not running.done():
        waits = watcher.execute(_WAITS_FOR, [barrier, pid]).fetchone()
        waiting = bool(waits and waits[0])
        yield locks_of(watcher, pid), waiting
        if not waiting:
            time.sleep(_POLL_SECONDS)


def _twin(connection: Connection[Any]) -> Connection[Any]:
    return psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True)
