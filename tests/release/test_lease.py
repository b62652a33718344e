"""One process acts on a place at a time, and what a dead one left is taken over by its own release only."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.action import Command
from gatekeeper.model.lease import LeaseRow
from gatekeeper.process import run
from gatekeeper.release.lease import PlaceTaken, holding, lives_here, may_take
from gatekeeper.store.open import open_store

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PLACE = "clinic@production"


def row(release: str = "r1", holder: str = "there:1:1", seconds_left: float = 30) -> LeaseRow:
    return LeaseRow(PLACE, 7, release, holder, NOW + timedelta(seconds=seconds_left))


def test_a_place_that_nobody_holds_is_free() -> None:
    assert may_take(None, "r1", NOW, lambda holder: None)
    assert may_take(row(holder=""), "r2", NOW, lambda holder: None)


def test_a_dead_process_is_followed_by_its_own_release_at_once() -> None:
    assert may_take(row(), "r1", NOW, lambda holder: False)


def test_on_another_machine_the_expiry_decides() -> None:
    assert may_take(row(seconds_left=0), "r1", NOW, lambda holder: None)
    with pytest.raises(PlaceTaken, match="being worked on by there:1:1"):
        may_take(row(seconds_left=1), "r1", NOW, lambda holder: None)


@given(st.sampled_from([True, False, None]), st.floats(-1000, 1000))
def test_what_another_release_left_half_way_is_never_walked_over(alive: bool | None, seconds_left: float) -> None:
    with pytest.raises(PlaceTaken, match="r1 is not finished"):
        may_take(row(seconds_left=seconds_left), "r2", NOW, lambda holder: alive)


def test_two_processes_do_not_hold_it_together(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/store.sqlite", tmp_path) as store:
        with holding(store.leases, PLACE, "r1") as lease, pytest.raises(PlaceTaken):
            holding(store.leases, PLACE, "r1").__enter__()
        with holding(store.leases, PLACE, "r2") as next_lease:
            assert next_lease.epoch > lease.epoch


def test_a_killed_process_is_seen_to_be_dead(tmp_path: Path) -> None:
    pid = run(Command(("sleep", "60"), "sleep", background=True)).pid
    host = os.uname().nodename

    assert lives_here(f"{host}:{pid}:0")
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 5
    while lives_here(f"{host}:{pid}:0") and time.monotonic() < end:
        time.sleep(0.01)
    assert not lives_here(f"{host}:{pid}:0")
    assert lives_here(f"elsewhere:{pid}:0") is None
