"""Somebody's own tool under guard: its sessions are known, give way within the budget, and get in once they can."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.native_tool import Guarded, ToolFailed, ToolGaveWay, ToolReport, run_tool
from gatekeeper.apply.session import TOOL, BehindPooler
from tests.apply.native_tools import ORDERS, PAID, TOOLS, NativeTool, lay, path_to
from tests.apply.pooler import pooled
from tests.conftest import until
from tests.gatekeeper.commands import gatekeeper

BUDGET = Budget(max_stall=0.3, give_up_after=20)
RunTool = Callable[..., ToolReport]


@pytest.fixture(params=TOOLS, ids=lambda tool: str(tool.name))
def tool(request: pytest.FixtureRequest) -> NativeTool:
    assert isinstance(request.param, NativeTool)
    return request.param


@pytest.fixture
def started(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunTool:
    """Runs a command in a folder of its own, on the target, under guard."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, budget: Budget = BUDGET, heard: list[str] | None = None) -> ToolReport:
        lines = heard if heard is not None else []
        return run_tool(Guarded(target, words, budget, dict(os.environ)), lines.append, lines.append)

    return run


def psql(sql: str) -> tuple[str, ...]:
    return "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql


@contextmanager
def reading(url: str, waits: list[float]) -> Iterator[None]:
    """Someone who reads the table all the time, and how long each answer took."""
    stop = threading.Event()

    def read() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.wait(0.01):
                began = time.monotonic()
                connection.execute("SELECT count(*) FROM orders")
                waits.append(time.monotonic() - began)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        stop.set()
        reader.join()


def test_a_tool_gives_way_within_the_budget_and_gets_in_when_the_way_is_free(
    tool: NativeTool, target: str, tmp_path: Path, started: RunTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_to(tool)
    if path is None:
        pytest.skip(f"{tool.name} is not to be had here")
    monkeypatch.setenv("PATH", path)
    lay(tmp_path, tool.first)
    first = started(*tool.command)
    lay(tmp_path, tool.more)
    waits: list[float] = []

    with reading(target, waits), ThreadPoolExecutor(1) as pool, psycopg.connect(target) as long:
        long.execute("SELECT count(*) FROM orders")
        running = pool.submit(started, *tool.command)
        deadline = time.monotonic() + 20
        while max(waits, default=0) < 0.1 and time.monotonic() < deadline:
            time.sleep(0.01)  # until someone has waited for the tool
        time.sleep(0.3)
        assert not running.done()
        long.rollback()
        second = running.result()

    assert first.watched > 0
    assert (second.tool, second.tries) == (tool.name, 2)
    assert second.stall.sessions > 0
    assert max(waits) < BUDGET.max_stall + 0.3  # the budget, and what a busy test machine adds
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT paid FROM orders").fetchall() == []


def test_the_settings_are_in_force_in_the_tools_own_session(started: RunTool) -> None:
    heard: list[str] = []

    started(*psql("SELECT current_setting('lock_timeout') || ' ' || current_setting('application_name')"), heard=heard)

    assert any(f"300ms {TOOL}" in line for line in heard)


def test_who_waits_behind_a_tool_that_works_on_is_let_in_after_the_budget(target: str, started: RunTool) -> None:
    started(*psql(ORDERS))
    waits: list[float] = []

    with reading(target, waits), pytest.raises(ToolGaveWay) as caught:
        started(*psql(f"BEGIN; {PAID}; SELECT pg_sleep(20); COMMIT"))

    assert caught.value.exit_code == 4
    assert "run once" in str(caught.value)  # psql may have been told anything, so nobody runs it again
    assert 0.2 < max(waits) < BUDGET.max_stall + 0.3


def test_a_tool_that_only_holds_its_locks_is_ended(target: str, started: RunTool) -> None:
    started(*psql(ORDERS))
    waits: list[float] = []
    idle = f"import time, psycopg; c = psycopg.connect(); c.execute({PAID!r}); time.sleep(3); c.commit()"

    with reading(target, waits), pytest.raises(ToolGaveWay):
        started(sys.executable, "-c", idle)

    assert 0.2 < max(waits) < BUDGET.max_stall + 0.3


def test_a_tool_that_fails_is_said_in_words_with_its_exit_code_and_without_the_password(
    target: str, tmp_path: Path
) -> None:
    url = make_conninfo(target, password="hunter2")
    words = ("sh", "-c", "echo connecting to postgresql://ada:hunter2@db/shop; exit 7")

    with pytest.raises(ToolFailed) as caught:
        run_tool(Guarded(url, words, BUDGET, {"PATH": os.environ["PATH"]}), print, print)

    assert caught.value.exit_code == 1
    assert "ended with exit code 7" in str(caught.value)
    assert "connecting to postgresql://ada:***@db/shop" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_what_an_older_run_has_left_is_ended_before_a_tool_starts(target: str, started: RunTool) -> None:
    started(*psql(ORDERS))

    with closing(psycopg.connect(target, application_name=f"{TOOL} 0")) as left:
        left.execute("LOCK TABLE orders")
        report = started(*psql("SELECT count(*) FROM orders"))

    assert (report.tries, report.stall.sessions) == (1, 0)


def test_a_build_that_gave_way_leaves_nothing_and_waits_for_others_without_a_timeout_the_next_time(
    target: str, started: RunTool, tmp_path: Path
) -> None:
    started(*psql(ORDERS))
    (tmp_path / "alembic").write_text(
        "#!/bin/sh\nexec psql -X -q -c 'CREATE INDEX CONCURRENTLY note ON orders (note)'\n"
    )
    (tmp_path / "alembic").chmod(0o755)

    with ThreadPoolExecutor(1) as pool, psycopg.connect(target) as writer:
        writer.execute("INSERT INTO orders VALUES (1, 'x')")
        running = pool.submit(started, "./alembic")
        time.sleep(1.2)
        writer.commit()
        report = running.result()

    assert report.tries == 2
    with psycopg.connect(target) as connection:
        valid = connection.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'note'::regclass").fetchall()
    assert valid == [(True,)]


def test_behind_a_pooler_nothing_is_started_and_by_the_direct_url_it_works(
    target: str, started: RunTool, tmp_path: Path
) -> None:
    with pooled(target, tmp_path) as url, pytest.raises(BehindPooler, match="own address"):
        run_tool(Guarded(url, psql(ORDERS), BUDGET, dict(os.environ)), print, print)

    started(*psql(ORDERS))
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_a_tool_whose_own_settings_lead_to_a_pooler_is_refused_by_it_and_told_the_direct_address(
    target: str, started: RunTool, tmp_path: Path
) -> None:
    with pooled(target, tmp_path) as url, pytest.raises(ToolFailed, match="connection pooler") as caught:
        started("psql", "-X", "-c", ORDERS, url)

    assert "direct address" in str(caught.value)


def test_the_command_line_says_what_came_of_it_in_words_and_json(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", target)

    told = gatekeeper("migrate", "--exec", "--", *psql("SELECT 'hello'"))
    as_json = json.loads(gatekeeper("migrate", "--exec", "--format", "json", "--", *psql("SELECT pg_sleep(0.2)")).out)
    elsewhere = gatekeeper("migrate", "--exec", "--", "echo", "nothing to do")
    failed = gatekeeper("migrate", "--exec", "-q", "--", "sh", "-c", "exit 7")
    missing = gatekeeper("migrate", "--exec", "--", "no-such-tool")

    assert told.exit_code == 0
    assert told.out.startswith("psql is through in ")
    assert "hello" in told.err
    assert (as_json["tool"], as_json["tries"], as_json["watched_sessions"]) == ("psql", 1, 1)
    assert "unguarded" in elsewhere.err
    assert (failed.exit_code, missing.exit_code, gatekeeper("migrate", "--exec").exit_code) == (1, 2, 2)
    assert "ended with exit code 7" in failed.err
    assert "there is no program 'no-such-tool'" in missing.err


def test_who_ends_us_ends_the_tool_too(target: str) -> None:
    words = [sys.executable, "-m", "gatekeeper", "migrate", "--exec", "--", *psql("SELECT pg_sleep(60)")]
    sessions = f"SELECT count(*) FROM pg_stat_activity WHERE starts_with(application_name, '{TOOL}')"
    with psycopg.connect(target, autocommit=True) as connection:
        process = subprocess.Popen(words, env={**os.environ, "GATEKEEPER_MIGRATE__URL": target}, stderr=subprocess.PIPE)
        until(lambda: connection.execute(sessions).fetchone() == (1,))
        process.terminate()
        said = process.communicate(timeout=20)[1]
        left = connection.execute(sessions).fetchone()

    assert (process.returncode, left) == (130, (0,))
    assert said.decode().endswith("stopped\n")
