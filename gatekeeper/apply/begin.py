"""Before anything runs: look at the target's conditions, wait for what passes, stop for what does not."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.conditions import conditions, sizes_of
from gatekeeper.apply.preflight import Item, due_of, judge, stops, waits
from gatekeeper.apply.refusals import PreflightStopped
from gatekeeper.apply.statements import Batch
from gatekeeper.apply.target import Target
from gatekeeper.apply.terms import Terms

_LOOK_EVERY_SECONDS = 1.0


def preflight(
    watcher: Connection[Any], ours: Sequence[int], batches: Sequence[Batch], terms: Terms
) -> tuple[Item, ...]:
    """What speaks for or against running the batches now."""
    relations = [lock.relation for batch in batches for statement in batch.statements for lock in statement.locks]
    due = due_of(batches, sizes_of(watcher, relations))
    found = conditions(watcher, due.demands, ours, synchronous_commit=terms.synchronous_commit, standbys=terms.standbys)
    return judge(found, due, watcher.info.user)


def wait_until_clear(
    target: Target, batches: Sequence[Batch], terms: Terms, budget: Budget, tell: Callable[[str], None]
) -> None:
    """Go on when nothing speaks against it; raises PreflightStopped for what will not pass, or has not in time."""
    began, told = time.monotonic(), ""
    while True:
        items = preflight(target.watcher, target.ours, batches, terms)
        if stops(items):
            raise PreflightStopped(stops(items))
        passing = waits(items)
        if not passing:
            return
        if time.monotonic() - began >= budget.give_up_after:
            raise PreflightStopped(passing)
        if told != passing[0].subject:
            told = passing[0].subject
            tell(f"waiting: {passing[0]}")
        time.sleep(_LOOK_EVERY_SECONDS)
