"""A backfill leaves a real standby the time that it needs: `make soak` sets one up."""

import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.migrate import Listener, migrate
from gatekeeper.apply.terms import Terms
from gatekeeper.staging.cluster import embedded_binaries
from gatekeeper.staging.server import embedded_server
from tests.apply.test_backfill import ORDERS, TOUCH
from tests.apply.test_outside import change, rows
from tests.conftest import until
from tests.migrations_lint.scripts import migration

pytestmark = pytest.mark.skipif("GATEKEEPER_SOAK" not in os.environ, reason="make soak")


@contextmanager
def standby_of(url: str) -> Iterator[str]:
    """A streaming copy of the server, in a folder beside it."""
    parts, binaries = conninfo_to_dict(url), embedded_binaries()
    folder = Path(str(parts["host"]))
    owner = pwd.getpwuid((folder / "data").stat().st_uid)

    def run(program: str, *words: str) -> None:
        command = [str(binaries / program), *words]
        subprocess.run(command, check=True, user=owner.pw_uid, group=owner.pw_gid, cwd="/", stdout=subprocess.DEVNULL)

    data = folder / "standby"
    run("pg_basebackup", "-h", str(folder), "-U", "postgres", "-D", str(data), "-R", "-c", "fast")
    run("pg_ctl", "-D", str(data), "-w", "-l", str(data / "log"), "-o", f"-k {folder} -p 5433", "start")
    try:
        yield make_conninfo(url, port=5433)
    finally:
        run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


def test_a_backfill_waits_while_a_standby_stands_still() -> None:
    with embedded_server() as server, standby_of(server.url) as standby, ThreadPoolExecutor(1) as pool:
        change(server.url, ORDERS)
        until(lambda: rows(server.url, "SELECT FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_flush_lsn()"))
        change(standby, "SELECT pg_wal_replay_pause()")
        told: list[str] = []
        slowly = TOUCH.replace("touched + 1", "touched + (SELECT 1 FROM pg_sleep(0.2))")
        running = pool.submit(
            migrate, server.url, [migration(slowly)], Budget(max_stall=5, give_up_after=60),
            terms=Terms(max_replica_lag=0.5), listener=Listener(waits=told.append),
        )  # fmt: skip
        until(lambda: any("waiting for a standby" in line for line in told))
        keys = rows(server.url, "SELECT keys FROM gatekeeper_backfills")
        time.sleep(1)
        assert rows(server.url, "SELECT keys FROM gatekeeper_backfills") == keys
        with psycopg.connect(standby) as connection:
            connection.execute("SELECT pg_wal_replay_resume()")
        running.result()

        assert rows(server.url, "SELECT touched, count(*) FROM orders GROUP BY 1") == [(1, 950)]
