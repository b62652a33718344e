"""What speaks for or against beginning a migration now: go, wait or stop, for each thing that was looked at. Pure.

Sources: PostgreSQL 18, Explicit Locking; Routine Vacuuming (a vacuum against wraparound is not interrupted);
Synchronous Replication (a COMMIT that waits for a standby keeps its locks); Hot Standby (a replayed ACCESS EXCLUSIVE
lock waits for the standby's queries, and new ones wait behind it); pg_replication_slots.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from gatekeeper.apply.demand import Demand, demands_of
from gatekeeper.apply.drain import opposed
from gatekeeper.apply.statements import Batch
from gatekeeper.model.blocker import Blocker
from migrations_lint.impact import in_bytes
from migrations_lint.locks import LockMode
from migrations_lint.model import Relation, Work
from migrations_lint.snapshot import Size

_LONG_SECONDS = 5.0
_FORGOTTEN_SECONDS = 60.0
_LAG_SECONDS = 10.0
_ROOM_FOR_CONNECTIONS = 3
_WAITS_FOR_STANDBY = frozenset({"on", "remote_write", "remote_apply"})


class Verdict(Enum):
    """Whether a migration may begin, as far as one thing is concerned."""

    GO = "go"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at, and what to do about it where it is not fine.

    `at_the_lock`: it is waited for where the lock is asked for, not before the run begins.
    """

    subject: str
    verdict: Verdict
    seen: str
    next_step: str = ""
    at_the_lock: bool = False

    def __str__(self) -> str:
        return f"{self.subject}: {self.seen}" + (f" ({self.next_step})" if self.next_step else "")


@dataclass(frozen=True, slots=True)
class Standby:
    """A standby as the primary sees it; `lag` in seconds."""

    name: str
    lag: float
    is_synchronous: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot: what WAL it keeps, and how much more it may keep, None for no limit; in bytes."""

    name: str
    active: bool
    kept: int
    room: int | None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was found on the target; None is what could not be known.

    `on_tables` is everyone with a lock on a table that is touched, `snapshots` who has kept one open for long.
    `connections_left` counts those for ordinary roles. `queries` on standbys: place and age in seconds.
    """

    in_recovery: bool = False
    sees_others: bool = True
    others_connected: bool = False
    on_tables: tuple[Blocker, ...] = ()
    snapshots: tuple[Blocker, ...] = ()
    synchronous_commit: str = "local"
    wants_synchronous: bool = False
    standbys: tuple[Standby, ...] = ()
    queries: tuple[tuple[str, float], ...] = ()
    slots: tuple[Slot, ...] = ()
    invalid_indexes: tuple[str, ...] = ()
    half_detached: tuple[str, ...] = ()
    connections_left: int | None = None
    disk_free: int | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What is about to run: its locks, whether it builds concurrently, what it writes at most, in bytes."""

    demands: tuple[Demand, ...] = ()
    concurrent: bool = False
    writes: int = 0

    @property
    def stops_standbys(self) -> bool:
        """Whether it takes a lock that a standby replays."""
        return any(demand.mode is LockMode.ACCESS_EXCLUSIVE for demand in self.demands)


def due_of(batches: Iterable[Batch], sizes: Mapping[Relation, Size]) -> Due:
    """What the batches come to; a rewrite writes a table and its indexes anew, a change of rows or an index a part."""
    every = tuple(batches)
    locks = [lock for batch in every for statement in batch.statements for lock in statement.locks]
    writes = sum(_written(lock.work, sizes[lock.relation]) for lock in locks if lock.relation in sizes)
    return Due(demands_of(locks), any(not batch.in_transaction for batch in every), writes)


def _written(work: Work, size: Size) -> int:
    match work:
        case Work.REWRITE:
            return (size.heap_bytes or 0) + (size.toast_bytes or 0) + (size.index_bytes or 0)
        case Work.ROW_CHANGE | Work.INDEX_BUILD:
            return size.heap_bytes or 0
        case _:
            return 0


def judge(found: Conditions, due: Due, role: str) -> tuple[Item, ...]:
    """Every item with its verdict, in a fixed order."""
    return (
        *_server(found),
        *_sight(found, role),
        *_transactions(found, due),
        *_snapshots(found, due),
        *_standbys(found, due),
        *_slots(found, due),
        *_leftovers(found),
        *_connections(found),
        *_disk(found, due),
    )


def stops(items: Iterable[Item]) -> tuple[Item, ...]:
    """Those that speak against it for good."""
    return tuple(item for item in items if item.verdict is Verdict.STOP)


def waits(items: Iterable[Item]) -> tuple[Item, ...]:
    """Those that may pass by themselves, and are waited for before anything runs."""
    return tuple(item for item in items if item.verdict is Verdict.WAIT and not item.at_the_lock)


def _server(found: Conditions) -> Iterator[Item]:
    if found.in_recovery:
        yield Item("server", Verdict.STOP, "it is a standby, which is read only", "Name the primary.")
    else:
        yield Item("server", Verdict.GO, "a primary, by a direct connection")


def _sight(found: Conditions, role: str) -> Iterator[Item]:
    if found.sees_others:
        yield Item("role", Verdict.GO, f"{role} sees how old the transactions of others are")
        return
    seen = f"{role} cannot see how old the transactions of others are"
    grant = f'GRANT pg_read_all_stats TO "{role}";'
    yield Item("role", Verdict.STOP if found.others_connected else Verdict.GO, seen, grant)


def _transactions(found: Conditions, due: Due) -> Iterator[Item]:
    opposing = tuple(opposed(found.on_tables, due.demands))
    told: set[str] = set()
    for blocker in opposing:
        if blocker.transaction not in told:
            told.add(blocker.transaction)
            yield from _of_transaction(blocker)
    if not any((blocker.age or _LONG_SECONDS) >= _LONG_SECONDS for blocker in opposing):
        yield Item("transactions", Verdict.GO, "none that is long holds a lock that keeps us out")


def _of_transaction(blocker: Blocker) -> Iterator[Item]:
    if blocker.prevents_wraparound:
        step = "It does not yield: let it finish, or run VACUUM FREEZE on the table at a quieter time first."
        yield Item("vacuum", Verdict.STOP, str(blocker), step)
    elif blocker.pid is None and (blocker.age or 0.0) >= _FORGOTTEN_SECONDS:
        step = f"COMMIT PREPARED '{blocker.application}'; or ROLLBACK PREPARED '{blocker.application}';"
        yield Item("prepared transaction", Verdict.STOP, str(blocker), step)
    elif blocker.application == "pg_dump":
        yield Item(
            "backup", Verdict.WAIT, str(blocker), "A dump takes long; migrate when it is done.", at_the_lock=True
        )
    elif blocker.age is None or blocker.age >= _LONG_SECONDS:
        step = "It is waited for; end it, or let --cancel-blockers do so."
        yield Item("transactions", Verdict.WAIT, str(blocker), step, at_the_lock=True)


def _snapshots(found: Conditions, due: Due) -> Iterator[Item]:
    """A concurrent build waits for every transaction that could see the table as it was, whatever it has read."""
    if due.concurrent and found.snapshots:
        oldest = found.snapshots[0]
        yield Item("snapshots", Verdict.WAIT, f"the concurrent build waits for {oldest}", at_the_lock=True)


def _standbys(found: Conditions, due: Due) -> Iterator[Item]:
    missing = found.wants_synchronous and not any(standby.is_synchronous for standby in found.standbys)
    if missing and found.synchronous_commit in _WAITS_FOR_STANDBY:
        step = "Bring the standby back, or set `synchronous_commit` under [migrate] to local."
        yield Item("synchronous standby", Verdict.STOP, "missing: COMMIT would wait for it and keep its locks", step)
    elif missing:
        yield Item("synchronous standby", Verdict.GO, "missing; our own COMMITs do not wait for it")
    for standby in found.standbys:
        late = standby.lag > _LAG_SECONDS and (due.stops_standbys or due.writes > 0)
        yield Item("standby", Verdict.WAIT if late else Verdict.GO, f"{standby.name} is {standby.lag:.1f} s behind")
    for place, age in found.queries:
        if due.stops_standbys and age >= _LONG_SECONDS:
            seen = f"a query on {place} runs for {age:.0f} s; behind the replayed lock new ones would wait for it"
            yield Item("standby", Verdict.WAIT, seen)


def _slots(found: Conditions, due: Due) -> Iterator[Item]:
    for slot in found.slots:
        seen = f"{slot.name} {'keeps' if slot.active else 'is inactive and keeps'} {in_bytes(slot.kept)} of WAL"
        if slot.room is not None and due.writes > slot.room:
            seen += f", may keep {in_bytes(slot.room)} more, and up to {in_bytes(due.writes)} come"
            step = "Let its consumer catch up, drop the slot, or raise max_slot_wal_keep_size."
            yield Item("replication slot", Verdict.STOP, seen, step)
        else:
            yield Item("replication slot", Verdict.GO, seen)


def _leftovers(found: Conditions) -> Iterator[Item]:
    for index in found.invalid_indexes:
        seen = f"{index} is INVALID: it is kept up on every write, and no query uses it"
        yield Item("index", Verdict.GO, seen, f"DROP INDEX CONCURRENTLY {index};")
    for partition in found.half_detached:
        step = f"ALTER TABLE … DETACH PARTITION {partition} FINALIZE;"
        yield Item("partition", Verdict.GO, f"{partition} is detached half-way", step)


def _connections(found: Conditions) -> Iterator[Item]:
    left = found.connections_left
    if left is None:
        return
    few = left < _ROOM_FOR_CONNECTIONS
    seen = f"{left} more may connect"
    yield Item("connections", Verdict.WAIT if few else Verdict.GO, seen, "Close some." if few else "")


def _disk(found: Conditions, due: Due) -> Iterator[Item]:
    needed = f"up to {in_bytes(due.writes)} are written, the same again as WAL"
    if found.disk_free is None:
        if due.writes:
            yield Item("disk", Verdict.GO, f"{needed}; how much is free cannot be seen from here")
        return
    short = 2 * due.writes > found.disk_free
    seen = f"{in_bytes(found.disk_free)} are free" + (f", {needed}" if due.writes else "")
    yield Item("disk", Verdict.STOP if short else Verdict.GO, seen, "Make room first." if short else "")
