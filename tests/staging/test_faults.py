"""What can happen to a staging server, with real faults: nothing is proven by them, each is told, nothing is harmed."""

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.gatekeeper.commands import Answer, gatekeeper

_SCRATCH = "SELECT datname FROM pg_database WHERE datname LIKE 'gatekeeper_scratch_%'"
_OURS = """
    SELECT pid FROM pg_stat_activity
     WHERE application_name LIKE 'gatekeeper verify%' AND query LIKE '%pg_sleep(55)%' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def staging(server: StagingServer) -> Iterator[str]:
    """The URL of somebody's staging database, with a table that has a row in it."""
    with contextlib.closing(server.connect()) as session:
        session.execute("CREATE DATABASE clinic")
        with contextlib.closing(server.connect("clinic")) as clinic:
            clinic.execute("CREATE TABLE patients (id int); INSERT INTO patients VALUES (1)")
        yield url_of(server, "clinic")
        session.execute("DROP DATABASE clinic WITH (FORCE)")


@pytest.fixture
def plain_role(server: StagingServer) -> Iterator[Callable[[str], str]]:
    """Gives a staging URL for a role that is no superuser, with the rights that are asked for."""
    made: list[str] = []

    def url(rights: str) -> str:
        name = f"plain_{len(made)}_{os.getpid()}"
        with contextlib.closing(server.connect()) as session:
            session.execute(f'CREATE ROLE "{name}" LOGIN {rights}'.encode())
        made.append(name)
        return url_of(server, "postgres").replace("postgres@", f"{quote(name)}@")

    yield url
    with contextlib.closing(server.connect()) as session:
        for name in made:
            session.execute(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"'.encode())


def write(folder: Path, up: str, down: str = "SELECT 1;") -> Path:
    (folder / "0001_one.up.sql").write_text(up)
    (folder / "0001_one.down.sql").write_text(down)
    return folder


def scratch_databases(server: StagingServer) -> set[str]:
    with contextlib.closing(server.connect()) as session:
        return {name for (name,) in session.execute(_SCRATCH).fetchall()}


def wait_for(server: StagingServer, question: str) -> list[int]:
    """The pids that a query finds, once it does."""
    with contextlib.closing(server.connect()) as session:
        for _ in range(600):
            if found := [pid for (pid,) in session.execute(question.encode()).fetchall()]:
                return found
            time.sleep(0.05)
    raise AssertionError("it never came to that")


def test_a_kill_leaves_the_staging_database_as_it_was_and_the_next_run_cleans_up(
    server: StagingServer, staging: str, tmp_path: Path
) -> None:
    others, other = scratch_databases(server), tmp_path / "other"
    other.mkdir()
    command = [
        sys.executable,
        "-m",
        "gatekeeper",
        "verify",
        str(write(tmp_path, "SELECT pg_sleep(55);") / "0001_one.up.sql"),
    ]
    with subprocess.Popen([*command, "--staging", staging], stdout=subprocess.DEVNULL) as process:
        wait_for(server, _OURS)
        alive = scratch_databases(server) - others
        gatekeeper("verify", write(other, "SELECT 1;"), "--staging", staging)
        assert alive <= scratch_databases(server)  # a run that lives is left alone
        os.kill(process.pid, signal.SIGKILL)
    for pid in wait_for(server, _OURS):
        with contextlib.closing(server.connect()) as session:
            session.execute("SELECT pg_terminate_backend(%s)", [pid])

    answer = gatekeeper("verify", write(tmp_path, "SELECT 1;"), "--staging", staging)

    assert answer.exit_code == 0
    assert alive
    assert not alive & scratch_databases(server)
    with psycopg.connect(staging) as clinic:
        tables = clinic.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchall()
        assert tables == [("patients",)]
        assert clinic.execute("SELECT * FROM patients").fetchall() == [(1,)]


def test_a_lost_connection_is_not_the_migrations_fault(server: StagingServer, staging: str, tmp_path: Path) -> None:
    answers: list[Answer] = []
    write(tmp_path, "CREATE TABLE one (id int); SELECT pg_sleep(55);")
    run = threading.Thread(target=lambda: answers.append(gatekeeper("verify", tmp_path, "--staging", staging)))
    run.start()
    with contextlib.closing(server.connect()) as session:
        for pid in wait_for(server, _OURS):
            session.execute("SELECT pg_terminate_backend(%s)", [pid])
    run.join()

    assert answers[0].exit_code == 3
    assert "was lost; nothing was proven" in answers[0].err
    assert "pg_sleep(55)" in answers[0].err
    assert "Traceback" not in answers[0].err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system to fill")
def test_a_full_disk_is_not_the_migrations_fault(
    server: StagingServer, plain_role: Callable[[str], str], tmp_path: Path
) -> None:
    url = plain_role("CREATEDB")
    role = url.split("//")[1].split("@")[0]
    place = Path("/dev/shm") / f"gatekeeper-small-{os.getpid()}"
    place.mkdir()
    try:
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", str(place)], check=False
        ).returncode:
            pytest.skip("nothing can be mounted here")
        with contextlib.closing(server.connect()) as session:
            session.execute(f"CREATE TABLESPACE small LOCATION '{_for_server(place)}'".encode())
            session.execute(f'GRANT CREATE ON TABLESPACE small TO "{role}"'.encode())
            session.execute(f'ALTER ROLE "{role}" SET default_tablespace = small'.encode())
        write(tmp_path, "CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 10000);")
        answer = gatekeeper("verify", tmp_path, "--staging", url)
    finally:
        with contextlib.closing(server.connect()) as session:
            session.execute("DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", str(place)], check=False)
        place.rmdir()

    assert answer.exit_code == 3
    assert "disk of the staging server" in answer.err
    assert "No space left on device" in answer.err
    assert "Traceback" not in answer.err


def _for_server(place: Path) -> Path:
    """A folder on the small file system that belongs to the user who runs the server."""
    folder = place / "data"
    folder.mkdir()
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    owner = next(known[name] for name in ("postgres", "embedded_postgres", "nobody") if name in known)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def test_a_statement_that_hangs_is_ended_and_named_with_the_limit(tmp_path: Path) -> None:
    write(tmp_path, "CREATE TABLE one (id int);\nSELECT pg_sleep(55);")
    config = tmp_path / "gatekeeper.toml"
    config.write_text('[staging]\nstatement_timeout = "500ms"\n')
    began = time.monotonic()

    answer = gatekeeper("verify", tmp_path, "--config", config, "--format", "json", "--quiet")

    assert time.monotonic() - began < 40
    assert answer.exit_code == 1
    error = json.loads(answer.out)["migrations"][0]["error"]
    assert (error["sqlstate"], error["line"]) == ("57014", 2)
    assert "more than 0.5 s (`statement_timeout` under [staging])" in error["message"]


def test_an_extension_that_takes_a_superuser_is_told_before_anything_runs(
    plain_role: Callable[[str], str], tmp_path: Path
) -> None:
    write(tmp_path, "CREATE TABLE one (id int);\nCREATE EXTENSION pageinspect;")
    answer = gatekeeper("verify", tmp_path, "--staging", plain_role("CREATEDB"))

    assert answer.exit_code == 3
    assert "may not create the extension pageinspect, which takes a superuser" in answer.err


def test_an_extension_inside_a_block_is_told_when_it_is_refused(
    plain_role: Callable[[str], str], tmp_path: Path
) -> None:
    write(tmp_path, "DO $$ BEGIN CREATE EXTENSION pageinspect; END $$;")
    answer = gatekeeper("verify", tmp_path, "--staging", plain_role("CREATEDB"))

    assert answer.exit_code == 3
    assert "pageinspect" in answer.err


@pytest.mark.parametrize("configured", [True, False])
def test_an_extension_that_is_nowhere_to_be_had_is_named(
    server: StagingServer, tmp_path: Path, configured: bool
) -> None:
    write(tmp_path, "CREATE EXTENSION timescaledb;")
    staging = ("--staging", url_of(server, "postgres")) if configured else ()
    answer = gatekeeper("verify", tmp_path, *staging)

    assert answer.exit_code == 3
    assert "the history creates the extension timescaledb, which the server" in answer.err


def test_a_role_without_createdb_is_told_which_right_it_needs(plain_role: Callable[[str], str], tmp_path: Path) -> None:
    answer = gatekeeper("verify", write(tmp_path, "SELECT 1;"), "--staging", plain_role("NOCREATEDB"))

    assert answer.exit_code == 3
    assert "CREATEDB" in answer.err
    assert "may not create scratch databases" in answer.err
