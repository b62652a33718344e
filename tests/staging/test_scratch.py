"""Scratch databases leave nothing behind, and errors name what to do."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from gatekeeper.staging.errors import MissingGrant, StagingUnreachable
from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer, configured_server

_PREFIX = "gatekeeper_scratch_"
_KILLED = """
import sys, time
from gatekeeper.staging.server import configured_server
from gatekeeper.staging.scratch import Scratch
databases = Scratch(configured_server(sys.argv[1]))
print(databases.create(), flush=True)
time.sleep(60)
"""


def names(server: StagingServer) -> set[str]:
    with contextlib.closing(server.connect()) as session:
        return {name for (name,) in session.execute("SELECT datname FROM pg_database").fetchall()}


def tables(server: StagingServer) -> int:
    with contextlib.closing(server.connect()) as session:
        row = session.execute("SELECT count(*) FROM pg_class WHERE oid >= 16384").fetchone()
        assert row
        return int(row[0])


def test_a_copy_has_what_its_template_has_and_both_go_at_the_end(server: StagingServer) -> None:
    with scratch(server) as databases:
        first = databases.create()
        with contextlib.closing(server.connect(first)) as session:
            session.execute("CREATE TABLE here (id integer)")
        second = databases.create(first)
        with contextlib.closing(server.connect(second)) as session:
            assert session.execute("SELECT count(*) FROM here").fetchone() == (0,)

    assert not names(server) & {first, second}


def test_after_a_kill_the_staging_database_is_untouched_and_the_leftover_goes_with_the_next_run(
    server: StagingServer,
) -> None:
    before = tables(server)
    with subprocess.Popen([sys.executable, "-c", _KILLED, server.url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        leftover = process.stdout.readline().strip()
        databases = Scratch(server)
        databases.sweep(time.time())
        assert leftover in names(server)  # its run is still at work
        os.kill(process.pid, signal.SIGKILL)
    gone = names(server) - {leftover}
    for _ in range(100):
        databases.sweep(time.time())
        if (gone := names(server)) and leftover not in gone:
            break
        time.sleep(0.05)  # the server notices that its client is gone when it next looks
    databases.close()

    assert leftover not in gone
    assert tables(server) == before


def test_a_run_that_takes_longer_than_its_time_is_swept_all_the_same(server: StagingServer) -> None:
    first, second = Scratch(server), Scratch(server)
    name = first.create()
    second.sweep(time.time() + 7 * 3600)

    assert name not in names(server)
    first.close()
    second.close()


def test_databases_of_others_are_never_swept(server: StagingServer) -> None:
    name = f"{_PREFIX}of_somebody"
    with contextlib.closing(server.connect()) as session:
        session.execute(f'CREATE DATABASE "{name}"'.encode())
        databases = Scratch(server)
        databases.sweep(time.time() + 10**9)
        databases.close()
        assert name in names(server)
        session.execute(f'DROP DATABASE "{name}"'.encode())


def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StagingUnreachable) as caught:
        configured_server(f"host={tmp_path} dbname=shop user=tester password=hunter2")

    assert str(tmp_path) in str(caught.value)
    assert "shop" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_role_that_may_not_create_databases_gets_the_grant_it_needs(server: StagingServer) -> None:
    with contextlib.closing(server.connect()) as session, contextlib.suppress(psycopg.errors.DuplicateObject):
        session.execute("CREATE ROLE plain LOGIN")
    with pytest.raises(MissingGrant, match='ALTER ROLE "plain" CREATEDB'):
        configured_server(server.url.replace("user=postgres", "user=plain"))
