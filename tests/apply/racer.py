"""A runner that wants to act on a place again and again, in a process of its own.

    python -m tests.apply.racer URL RELEASE TIMES     takes the lease, has an effect under its fence, gives it back
    python -m tests.apply.racer URL RELEASE pause     takes it, stops itself (SIGSTOP), and wants its effect afterwards

Prints `acted EPOCH` or `lost EPOCH`; where somebody else has the lease, it asks again.
"""

import os
import signal
import sys
from datetime import timedelta

import psycopg

from gatekeeper.apply.lease import LOST, TargetLeases, assert_held
from gatekeeper.model.lease import Fence
from gatekeeper.release import lease
from gatekeeper.release.lease import PlaceTaken, holding

PLACE = "clinic@production"


def act(connection: psycopg.Connection[object], fence: Fence) -> str:
    """An effect: in one transaction with the assertion, with time enough for somebody else to come between."""
    try:
        with connection.transaction():
            assert_held(connection, fence)
            connection.execute("INSERT INTO effects (epoch) VALUES (%s)", (fence.epoch,))
            connection.execute("SELECT pg_sleep(0.001)")
            connection.execute("INSERT INTO effects (epoch) VALUES (%s)", (fence.epoch,))
    except psycopg.Error as error:
        if error.sqlstate != LOST:
            raise
        return f"lost {fence.epoch}"
    return f"acted {fence.epoch}"


def main(url: str, release: str, turns: str) -> None:
    leases = TargetLeases(url)
    if turns == "pause":
        lease.LASTS = timedelta(milliseconds=300)
    with psycopg.connect(url, autocommit=True) as connection:
        left = 1 if turns == "pause" else int(turns)
        while left:
            try:
                with holding(leases, PLACE, release) as held:
                    if turns == "pause":
                        print("held", flush=True)  # noqa: T201
                        os.kill(os.getpid(), signal.SIGSTOP)
                    print(act(connection, Fence(PLACE, held.epoch)), flush=True)  # noqa: T201
                    left -= 1
            except PlaceTaken:
                continue


if __name__ == "__main__":
    main(*sys.argv[1:])
