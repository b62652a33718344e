"""What one ALTER TABLE costs the traffic, by how it is brought in: longest, p99.9 and mean wait, and tries.

Open loop: requests come at their own times, and their waits count from then, as users feel them; a closed loop would
stop asking during an outage and hide it. A wait is a request's time without what it spends on its own work. One server,
one table; in half of the shapes a session reads the table and keeps its transaction open for 8 seconds.
"""

import asyncio
import gc
import math
import multiprocessing
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection as Pipe
from typing import Any

import psycopg

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.migrate import migrate
from gatekeeper.apply.refusals import LockNotAcquired, TrafficTooSlow
from gatekeeper.staging.server import embedded_server
from migrations_lint.model import Migration
from tests.migrations_lint.scripts import migration

ROWS = 100_000
CONNECTIONS = 24
WARM_UP_SECONDS = 1.5
HOLDS_SECONDS = 8.0
HEAD_START_SECONDS = 1.0  # of the session that holds the table, before the migration begins
AFTER_SECONDS = 2.0
PATIENCE_SECONDS = 14.0
TABLE = migration("CREATE TABLE orders (id bigint PRIMARY KEY, note text, paid int);", name="1")
COLUMNS = count(1)
HEADING = """\
| strategy | longest ms | p99.9 | mean | > 100 ms | tries | in after | after the long one left | says |
|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Shape:
    """Requests a second, the work of each in seconds between its two statements (none: one statement), the long one."""

    name: str
    rate: float
    work: tuple[float, float] | None
    held: bool


@dataclass(frozen=True, slots=True)
class Went:
    """How the migration went: whether it is in, how many tries it took, what it says itself of the worst wait."""

    is_in: bool
    tries: int
    said: str = ""


SHAPES = (
    Shape("short transactions", 300, None, held=False),
    Shape("short transactions and the long one", 300, None, held=True),
    Shape("transactions of 5-400 ms", 30, (0.005, 0.4), held=False),
    Shape("transactions of 5-400 ms and the long one", 30, (0.005, 0.4), held=True),
)


async def traffic(url: str, shape: Shape, pipe: Pipe) -> None:
    """Send requests until told to stop, then hand over each one's time of arrival and its wait."""
    idle: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await psycopg.AsyncConnection.connect(url, autocommit=True, application_name="the application"))
    waits: list[tuple[float, float]] = []
    dice = random.Random(7)

    async def request(due: float, key: int, work: float | None, *, writes: bool) -> None:
        connection = await idle.get()
        try:
            if work is None:
                await statement(connection, key, writes=writes)
            else:
                async with connection.transaction():
                    await statement(connection, key, writes=False)
                    await asyncio.sleep(work)
                    await statement(connection, key, writes=writes)
            waits.append((due, time.monotonic() - due - (work or 0.0)))
        finally:
            idle.put_nowait(connection)

    pipe.send("ready")
    due, running = time.monotonic(), set[asyncio.Task[None]]()
    while not pipe.poll():
        due += dice.expovariate(shape.rate)
        await asyncio.sleep(max(due - time.monotonic(), 0))
        work = dice.uniform(*shape.work) if shape.work else None
        task = asyncio.create_task(request(due, dice.randrange(ROWS), work, writes=dice.random() < 0.2))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    pipe.send(waits)


async def statement(connection: psycopg.AsyncConnection[Any], key: int, *, writes: bool) -> None:
    query = "UPDATE orders SET paid = paid + 1 WHERE id = %s" if writes else "SELECT note FROM orders WHERE id = %s"
    await connection.execute(query.encode(), (key,))


def send_traffic(url: str, shape: Shape, pipe: Pipe) -> None:
    gc.disable()
    asyncio.run(traffic(url, shape, pipe))


def nothing(url: str) -> Went:
    time.sleep(3)
    return Went(is_in=True, tries=0)


def with_timeout(milliseconds: int, pauses: Callable[[int], float | None], lock: str = "") -> Callable[[str], Went]:
    """Try with that lock_timeout; `pauses` says how long to wait after the n-th try, None to give up."""

    def bring_in(url: str) -> Went:
        alter, began = f"ALTER TABLE orders ADD COLUMN c{next(COLUMNS)} int", time.monotonic()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"SET lock_timeout = {milliseconds}".encode())
            for tries in count(1):
                try:
                    with connection.transaction():
                        connection.execute(lock.encode() or b"SELECT 1")
                        connection.execute(alter.encode())
                except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                    rest = pauses(tries)
                    if rest is None or time.monotonic() - began + rest > PATIENCE_SECONDS:
                        return Went(is_in=False, tries=tries)
                    time.sleep(rest)
                else:
                    return Went(is_in=True, tries=tries)
        raise AssertionError

    return bring_in


def ours(max_stall: float) -> Callable[[str], Went]:
    """What `gatekeeper migrate --max-stall` does."""

    def bring_in(url: str) -> Went:
        number = next(COLUMNS)
        history: list[Migration] = [
            TABLE,
            migration(f"ALTER TABLE orders ADD COLUMN c{number} int;", name=f"{number + 1}"),
        ]
        try:
            (applied,) = migrate(url, history, Budget(max_stall, PATIENCE_SECONDS)).applied
        except TrafficTooSlow as stopped:
            return Went(is_in=False, tries=0, said=f"needs {stopped.traffic.drain * 1000:.0f} ms; nothing tried")
        except LockNotAcquired as gave_way:
            return Went(is_in=False, tries=gave_way.tries, said="gave way")
        worst = f"{applied.stall.sessions} requests, worst {applied.stall.worst_seconds * 1000:.0f} ms"
        return Went(is_in=True, tries=applied.tries, said=worst)

    return bring_in


def never(tries: int) -> float | None:
    return None


def doubling(tries: int) -> float | None:
    return float(2 ** (tries - 1)) * random.uniform(0.5, 1.0)


def each_10_ms(tries: int) -> float | None:
    return 0.01


STRATEGIES: dict[str, Callable[[str], Went]] = {
    "no migration": nothing,
    "plain statement": with_timeout(0, never),
    "lock_timeout 10 s (strong_migrations)": with_timeout(10_000, never),
    "500 ms with backoff (pgroll)": with_timeout(500, doubling),
    "NOWAIT every 10 ms": with_timeout(0, each_10_ms, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE NOWAIT"),
    "gatekeeper, budget 500 ms": ours(0.5),
    "gatekeeper, budget 200 ms": ours(0.2),
    "gatekeeper, budget 50 ms": ours(0.05),
}


@contextmanager
def holding(url: str, *, held: bool) -> Iterator[list[float]]:
    """A session that reads the table and keeps its transaction open; when it left comes into the list."""
    left: list[float] = []

    def hold() -> None:
        with psycopg.connect(url, application_name="a long report") as connection:
            connection.execute("SELECT count(*) FROM orders")
            time.sleep(HOLDS_SECONDS)
        left.append(time.monotonic())

    if not held:
        yield left
        return
    thread = threading.Thread(target=hold)
    thread.start()
    time.sleep(HEAD_START_SECONDS)
    yield left
    thread.join()


def measure(url: str, shape: Shape, strategy: Callable[[str], Went]) -> tuple[Went, float, float | None, list[float]]:
    """How it went, after how many seconds, how long after the long one had left, and the waits meanwhile."""
    ours_end, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=send_traffic, args=(url, shape, theirs))
    process.start()
    ours_end.recv()
    time.sleep(WARM_UP_SECONDS)
    with holding(url, held=shape.held) as left:
        began = time.monotonic()
        went = strategy(url)
        ended = time.monotonic()
    time.sleep(AFTER_SECONDS)
    ours_end.send("stop")
    waits = [wait for due, wait in ours_end.recv() if due >= began]
    process.join()
    return went, ended - began, ended - left[0] if left else None, waits


def row(name: str, went: Went, seconds: float, after: float | None, waits: list[float]) -> str:
    ordered = sorted(waits)
    cells = [
        name,
        f"{ordered[-1] * 1000:,.0f}",
        f"{ordered[math.ceil(len(ordered) * 0.999) - 1] * 1000:,.0f}",
        f"{statistics.fmean(ordered) * 1000:.1f}",
        f"{sum(wait > 0.1 for wait in ordered)} of {len(ordered)}",
        str(went.tries or "-"),
        f"{seconds:.1f} s" if went.is_in else f"gave up after {seconds:.1f} s",
        f"{max(after, 0):.2f} s" if after is not None and went.is_in and went.tries else "",
        went.said,
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Every strategy on every shape; arguments narrow both down by words in their names."""
    words = sys.argv[1:]
    with embedded_server() as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE orders (id bigint PRIMARY KEY, note text, paid int)")
            connection.execute("INSERT INTO orders SELECT n, 'a note', 0 FROM generate_series(1, %s) n", (ROWS,))
            connection.execute("VACUUM ANALYZE orders")
            connection.execute("CREATE TABLE gatekeeper_migrations (id text PRIMARY KEY, digest text, applied_at date)")
            connection.execute("INSERT INTO gatekeeper_migrations VALUES ('1', '')")
        for shape in SHAPES:
            sys.stdout.write(f"\n### {shape.name.capitalize()} ({shape.rate:g} requests/s)\n\n{HEADING}\n")
            for name, strategy in STRATEGIES.items():
                if all(word in f"{name} {shape.name}" for word in words):
                    sys.stdout.write(row(name, *measure(server.url, shape, strategy)) + "\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
