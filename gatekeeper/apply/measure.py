"""Looks at the traffic on the tables of a transaction: how long it takes to drain, and whom to wait for first."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.blockers import Table, blockers_on
from gatekeeper.apply.demand import Demand
from gatekeeper.apply.drain import Sample, Traffic, is_enough, opposed, outliers, traffic
from gatekeeper.apply.target import Target
from gatekeeper.apply.terms import Terms, may_be_ended
from gatekeeper.model.blocker import Blocker
from migrations_lint.model import Relation

_SAMPLE_EVERY_SECONDS = 0.02
_LOOK_EVERY_SECONDS = 0.03
_FRESH_SECONDS = 60.0

_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE pid = %(pid)s AND usename = %(role)s AND state LIKE 'idle in transaction%%'
   AND extract(epoch FROM clock_timestamp() - state_change) >= %(idle)s
"""


@dataclass
class Measure:
    """Keeps what was sampled for as long as it is fresh, so that the transactions of one run are measured once."""

    target: Target
    budget: Budget
    _samples: tuple[Sample, ...] = ()
    _about: frozenset[Relation] = frozenset()
    _at: float = field(default=-_FRESH_SECONDS)

    def traffic(self, demands: Sequence[Demand], tables: Mapping[Relation, Table], later: Iterable[Demand]) -> Traffic:
        """How long the traffic on the tables that are there takes to drain; `later` demands are measured with them."""
        there = [demand for demand in demands if demand.stalls and demand.relation in tables]
        if not there:
            return Traffic()
        known = {demand.relation for demand in there} <= self._about
        if not known or time.monotonic() - self._at > _FRESH_SECONDS:
            stalling = {demand.relation for demand in (*demands, *later) if demand.stalls}
            self._sample({relation: table for relation, table in tables.items() if relation in stalling})
        return traffic(self._samples, there, self.budget)

    def _sample(self, tables: Mapping[Relation, Table]) -> None:
        oids = [table.oid for table in tables.values()]
        began, samples = time.monotonic(), list[Sample]()
        while not is_enough(samples):
            at = time.monotonic() - began
            samples.append(Sample(at, blockers_on(self.target.watcher, oids, self.target.ours)))
            time.sleep(max(_SAMPLE_EVERY_SECONDS - (time.monotonic() - began - at), 0.0))
        self._samples, self._about, self._at = tuple(samples), frozenset(tables), time.monotonic()


@dataclass(frozen=True, slots=True)
class Looked:
    """What waiting for the outliers came to: who is still there, and whom we ended because the user said so.

    `vacuum`: an autovacuum holds the table, and yields when we ask for it.
    """

    left: tuple[Blocker, ...] = ()
    ended: tuple[Blocker, ...] = ()
    vacuum: bool = False


def wait_for_outliers(
    target: Target,
    demands: Sequence[Demand],
    tables: Mapping[Relation, Table],
    drain: float,
    terms: Terms,
    *,
    vacuum_yields: bool,
    until: float,
    told: Callable[[tuple[Blocker, ...]], None],
) -> Looked:
    """Look until nobody old holds a lock that keeps us out, or the time is up; nobody waits for us meanwhile.

    `told` hears who is in the way, each time they are others than before.
    """
    oids = [table.oid for relation, table in tables.items() if any(one.relation == relation for one in demands)]
    ended: list[Blocker] = []
    said: frozenset[str] = frozenset()
    while oids:
        seen = tuple(opposed(blockers_on(target.watcher, oids, target.ours), demands))
        left = outliers(seen, drain, vacuum_yields=vacuum_yields)
        if not left or time.monotonic() >= until:
            return Looked(left, tuple(ended), vacuum_yields and any(one.is_autovacuum for one in seen))
        for blocker in may_be_ended(left, terms):
            ended += [blocker] if _end(target, blocker, terms.cancel[blocker.role]) else []
        now = frozenset(blocker.transaction for blocker in left)
        if now - said:
            told(left)
        said = now
        time.sleep(_LOOK_EVERY_SECONDS)
    return Looked()


def _end(target: Target, blocker: Blocker, idle: float) -> bool:
    """End a session that is still what the user allowed; a query cannot be cancelled where none runs."""
    row = target.watcher.execute(_END, {"pid": blocker.pid, "role": blocker.role, "idle": idle}).fetchone()
    return bool(row and row[0])
