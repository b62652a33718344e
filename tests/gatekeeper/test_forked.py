"""Work in copies of a process: the same results, and nothing left running whatever happens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrations_lint.shares import LEAST_TO_SHARE

# Each runs in a process of its own: pytest's has threads, and is nothing to copy.
IN_ORDER = """
import os
from gatekeeper.forked import side_by_side
shared = (object(),)
results = side_by_side([lambda: (1, shared[0], os.getpid()), lambda: (2, shared[0], os.getpid())], shared)
assert [one for one, _, _ in results] == [1, 2]
assert all(one is shared[0] for _, one, _ in results)
assert results[0][2] == os.getpid() != results[1][2]
"""
FAILS_IN_A_COPY = """
import os
from gatekeeper.forked import side_by_side
here = os.getpid()
def fails():
    raise ValueError(f"own error: {os.getpid() == here}")
side_by_side([lambda: 1, fails])
"""
ENDED = """
import os, signal
from gatekeeper.forked import side_by_side
here = os.getpid()
def is_ended():
    assert os.getpid() != here
    os.kill(os.getpid(), signal.SIGKILL)
side_by_side([lambda: 1, is_ended])
"""
WAITS = """
import os, pathlib, sys, time
from gatekeeper.forked import side_by_side
def waits():
    pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
    time.sleep(60)
side_by_side([lambda: 1, waits])
"""


def run(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stderr=subprocess.PIPE, text=True)


def told(script: str) -> str:
    return run(script).communicate(timeout=60)[1]


def test_results_come_in_the_order_of_the_tasks_and_hold_what_both_sides_know() -> None:
    assert told(IN_ORDER) == ""


def test_the_error_of_a_task_is_that_of_the_process_that_asked() -> None:
    assert told(FAILS_IN_A_COPY).splitlines()[-1] == "ValueError: own error: True"


def test_a_copy_that_is_killed_is_an_error_that_says_what_to_do() -> None:
    error = told(ENDED)

    assert "CopyDied" in error
    assert "it was ended by SIGKILL" in error
    assert "fewer folders" in error


@pytest.mark.parametrize("whom", ["the one that was started", "all of them, as a terminal does"])
def test_an_interrupt_leaves_nothing_running(whom: str, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS, str(note)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (note.is_file() and note.read_text()):
        time.sleep(0.02)
    interrupt = os.kill if whom.startswith("the one") else os.killpg
    interrupt(process.pid, signal.SIGINT)

    _, error = process.communicate(timeout=60)

    assert error.splitlines()[-1] == "KeyboardInterrupt"
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


ON_ONE_PROCESSOR = """
import os
os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[:1]))
from gatekeeper.cli import main
main()
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux gives a process fewer processors")
def test_the_linter_finds_the_same_on_one_processor_and_on_several(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        long = f"/* {'long ' * LEAST_TO_SHARE} */"
        (tmp_path / name / "1_t.up.sql").write_text(f"CREATE TABLE {name} (id int); {long}")
        (tmp_path / name / "2_t.up.sql").write_text(f"ALTER TABLE {name} ADD COLUMN u text NOT NULL;")
    lint = ["lint", "--no-cache", "--format", "gitlab", "a", "b", "c"]

    several = subprocess.run([sys.executable, "-m", "gatekeeper", *lint], cwd=tmp_path, capture_output=True, text=True)
    one = subprocess.run([sys.executable, "-c", ON_ONE_PROCESSOR, *lint], cwd=tmp_path, capture_output=True, text=True)

    assert (several.stdout, several.returncode, several.stderr) == (one.stdout, one.returncode, one.stderr)
    assert all(f"{name}/2_t.up.sql" in one.stdout for name in ("a", "b", "c"))
