"""How often a healthy release is rolled back, and how soon a bad one, beside other tools' defaults. Seeded.

Peers, each by its own documentation: Flagger's example (a check a minute, success rate at least 99 %, rolled back at
the fifth failed check), Argo Rollouts' analysis template (a measurement a minute, at least 95 %, `failureLimit` 3, and
0, which is its default), and two habits of home-made scripts: one failure is enough, or three in a row.
"""

import random
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import accumulate

from gatekeeper.model.bake import BakeVerdict, Counts, Look, Objective, Schedule
from gatekeeper.policy.bake import judge

REQUESTS_A_MINUTE = 60
MINUTES = 20
EVERY_SECONDS = 15
RELEASES = 4000
LOGIN = Objective("login", target=0.99, minimum=30)

Requests = Sequence[bool]
"""Every request of one release in order; true where it failed."""


def ours(requests: Requests) -> float | None:
    """The minute in which it is rolled back, or None."""
    each = REQUESTS_A_MINUTE * EVERY_SECONDS // 60
    schedule = Schedule(looks=MINUTES * 60 // EVERY_SECONDS)
    bad = list(accumulate(requests))
    looks: list[Look] = []
    for number in range(1, schedule.looks + 1):
        total = number * each
        looks.append(Look(timedelta(seconds=number * EVERY_SECONDS), {"login": Counts(bad[total - 1], total)}))
        if judge([LOGIN], looks, {}, schedule).verdict is BakeVerdict.FAILED:
            return total / REQUESTS_A_MINUTE
    return None


def one_failure(requests: Requests) -> float | None:
    return next((number / REQUESTS_A_MINUTE for number, failed in enumerate(requests, 1) if failed), None)


def three_in_a_row(requests: Requests) -> float | None:
    row = 0
    for number, failed in enumerate(requests, 1):
        row = row + 1 if failed else 0
        if row == 3:
            return number / REQUESTS_A_MINUTE
    return None


def by_the_minute(allowed: float, failures: int) -> Callable[[Requests], float | None]:
    """A share of each minute's requests may fail; that many bad minutes end it."""

    def decide(requests: Requests) -> float | None:
        bad_minutes = 0
        for minute in range(MINUTES):
            of_minute = requests[minute * REQUESTS_A_MINUTE : (minute + 1) * REQUESTS_A_MINUTE]
            bad_minutes += sum(of_minute) > allowed * len(of_minute)
            if bad_minutes >= failures:
                return minute + 1.0
        return None

    return decide


DECIDERS: dict[str, Callable[[Requests], float | None]] = {
    "gatekeeper (budget 1 %)": ours,
    "one failure is enough": one_failure,
    "three failures in a row": three_in_a_row,
    "Flagger (99 %, 5 failed checks)": by_the_minute(0.01, 5),
    "Argo Rollouts (95 %, failureLimit 3)": by_the_minute(0.05, 4),
    "Argo Rollouts (95 %, failureLimit 0)": by_the_minute(0.05, 1),
}


def releases(rate: float, count: int, chance: random.Random) -> list[Requests]:
    size = REQUESTS_A_MINUTE * MINUTES
    return [[chance.random() < rate for _ in range(size)] for _ in range(count)]


def main() -> None:
    """Print the table."""
    out = sys.stdout
    out.write(f"{RELEASES} releases each, {REQUESTS_A_MINUTE} requests a minute, watched for {MINUTES} minutes\n")
    cases = {rate: releases(rate, RELEASES, random.Random(20261124)) for rate in (0.001, 0.005, 0.01, 0.03, 0.05, 0.2)}
    for name, decide in DECIDERS.items():
        out.write(f"\n{name}\n")
        for rate, made in cases.items():
            minutes = [minute for one in made if (minute := decide(one)) is not None]
            soon = f"median {statistics.median(minutes):5.2f} min" if minutes else ""
            out.write(f"  {rate:5.1%} of requests fail: {len(minutes):4d} rolled back  {soon}\n")


if __name__ == "__main__":
    main()
