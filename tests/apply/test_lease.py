"""One runner acts at a time, whatever store it has; who has lost the lease has no effect any more."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.lease import LeaseTakenOver, TargetLeases, assert_held
from gatekeeper.apply.migrate import migrate
from gatekeeper.apply.terms import Terms
from gatekeeper.model.lease import Fence, LeaseRow
from tests.apply.racer import PLACE
from tests.conftest import until
from tests.migrations_lint.scripts import migration

ORDERS = migration("CREATE TABLE orders (id bigint PRIMARY KEY);", name="1")


@pytest.fixture
def place(target: str) -> str:
    """The target, with a table for effects that are not ours."""
    with psycopg.connect(target) as connection:
        connection.execute("CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, epoch bigint NOT NULL)")
    return target


def racer(url: str, release: str, turns: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.apply.racer", url, release, turns]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


def effects(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT epoch FROM effects ORDER BY id").fetchall()]


def test_of_two_runners_one_acts_at_a_time_and_its_epoch_is_its_own(place: str) -> None:
    times = 200 if os.environ.get("GATEKEEPER_SOAK") else 25
    both = [racer(place, "r1", str(times)) for _ in range(2)]
    told = [one.communicate(timeout=250)[0].split("\n") for one in both]
    assert [one.returncode for one in both] == [0, 0]

    seen = effects(place)
    acted = [[int(line.split()[1]) for line in lines if line.startswith("acted")] for lines in told]
    assert seen == sorted(seen)  # no effect of an older epoch after one of a newer
    assert all(seen.count(epoch) == 2 for epoch in seen)  # and none between another's two
    assert not set(acted[0]) & set(acted[1])
    assert [len(one) for one in acted] == [times, times]
    assert len(set(seen)) == 2 * times


def test_a_runner_that_slept_past_its_lease_has_no_effect(place: str) -> None:
    asleep = racer(place, "r1", "pause")
    assert asleep.stdout is not None
    assert asleep.stdout.readline() == "held\n"
    leases = TargetLeases(place)
    until(lambda: (row := leases.read(PLACE)) is not None and row.expires < leases.now())
    seen = leases.read(PLACE)
    assert seen is not None
    other = replace(seen, epoch=seen.epoch + 1, holder="elsewhere:1:1", expires=leases.now() + timedelta(minutes=1))
    assert leases.take(seen, other)

    os.kill(asleep.pid, signal.SIGCONT)

    assert asleep.communicate(timeout=60)[0] == f"lost {seen.epoch}\n"
    assert effects(place) == []
    assert leases.read(PLACE) == other  # nor did it give back what is not its own


def test_nobody_takes_over_while_an_effect_is_under_way_and_renewing_does_not_wait(target: str) -> None:
    leases = TargetLeases(target)
    row = LeaseRow(PLACE, 1, "r1", "here:1:1", leases.now())
    assert leases.take(None, row)
    taken = replace(row, epoch=2, holder="elsewhere:1:1")

    with psycopg.connect(target) as effect:
        assert_held(effect, Fence(PLACE, 1))
        began = time.monotonic()
        assert leases.renew(PLACE, 1, row.expires)
        assert time.monotonic() - began < 4
        assert not leases.take(row, taken)
    assert leases.take(row, taken)


def test_a_lease_that_was_renewed_meanwhile_is_not_taken(target: str) -> None:
    leases = TargetLeases(target)
    row = LeaseRow(PLACE, 1, "r1", "here:1:1", leases.now())
    assert leases.take(None, row)
    assert not leases.take(None, row)
    assert leases.renew(PLACE, 1, row.expires + timedelta(minutes=1))

    assert not leases.take(row, replace(row, epoch=2))
    assert not leases.renew(PLACE, 7, row.expires)


def test_a_migration_under_a_lost_lease_changes_nothing(target: str) -> None:
    leases = TargetLeases(target)
    assert leases.take(None, LeaseRow(PLACE, 3, "r1", "here:1:1", leases.now()))

    for lost in (Fence(PLACE, 2), Fence("elsewhere", 3)):
        with pytest.raises(LeaseTakenOver):
            migrate(target, [ORDERS], Budget(0.5, 10), terms=Terms(fence=lost))
    report = migrate(target, [ORDERS], Budget(0.5, 10), terms=Terms(fence=Fence(PLACE, 3)))

    assert len(report.applied) == 1
