"""Estimates: how long a migration would keep others waiting on production's rows, measured on fewer here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from gatekeeper.model.estimate import Estimate, Measured
from gatekeeper.model.proof import LockTrace, RollbackProof, VerifyReport
from gatekeeper.staging.extrapolate import extrapolate
from gatekeeper.staging.many_rows import multiply, size_of
from gatekeeper.staging.sample_rows import Name, fill
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import Choice
from gatekeeper.staging.stage import Ran, Stage
from migrations_lint.applied import steps_in
from migrations_lint.engine import schemas_built_by
from migrations_lint.impact import bytes_of, impact_of
from migrations_lint.model import Direction, LockFact, LockMode, Migration, Relation, Work
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot, Size

ROWS = (2_000, 8_000, 32_000) * 2
_WITHOUT_SIZE = frozenset({Work.INSTANT, Work.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Due:
    """A way whose lock is held for as long as production is large: the lock, and the tables that are worked on."""

    direction: Direction
    relation: Relation
    mode: LockMode
    tables: tuple[Name, ...]
    rewrites: bool
    rows: int
    bytes: int
    by_rates: float


def with_estimates(
    report: VerifyReport,
    history: Sequence[Migration],
    choice: Choice,
    production: SchemaSnapshot,
    settings: LintSettings,
    statement_timeout: timedelta,
    rows: Sequence[int] = ROWS,
) -> VerifyReport:
    """The report with an estimate for each way of a pending migration that works on a table of known size under a lock.

    What the linter's rates call over at once (`quiet_below_seconds`) is not measured, and starts no server.
    """
    pending = _pending(history, production, settings)
    due = {
        proof.path: found
        for proof in report.proofs
        if proof.path in pending and (found := tuple(_due(proof, production, settings)))
    }
    if not due:
        return report
    with choice.start() as server, scratch(server) as databases:
        stage = Stage(databases, statement_timeout)
        try:
            measured = dict(_measured(stage, databases.create(), history, due, rows))
        finally:
            stage.close()
    proofs = (replace(proof, estimates=measured.get(proof.path, ())) for proof in report.proofs)
    return replace(report, proofs=tuple(proofs))


def _pending(history: Sequence[Migration], production: SchemaSnapshot, settings: LintSettings) -> set[Path]:
    """What production does not have yet, told as the linter tells it; sizes are of today."""
    pending: set[Path] = set()
    for root in dict.fromkeys(migration.root for migration in history):
        own = [migration for migration in history if migration.root == root]
        pending |= {migration.path for migration in own[steps_in(production, schemas_built_by(own, settings)) :]}
    return pending


def _due(proof: RollbackProof, production: SchemaSnapshot, settings: LintSettings) -> Iterator[Due]:
    for direction, trace in ((Direction.UP, proof.up), (Direction.DOWN, proof.down)):
        if trace is None:
            continue
        held = _longest(trace, production)
        worked = [fact for statement in trace.statements for fact in statement.facts if fact.work not in _WITHOUT_SIZE]
        sized = [(fact, size) for fact in worked if (size := _size(fact, production)) is not None]
        impact = impact_of(sized, settings)
        if held is None or impact is None or impact.seconds < settings.quiet_below_seconds:
            continue
        tables = {(fact.relation.schema, fact.relation.name): size for fact, size in sized}
        rewrites = any(fact.work is Work.REWRITE for fact, _ in sized)
        rows = sum(size.rows or 0 for size in tables.values())
        in_all = sum(sum(bytes_of(Work.REWRITE if rewrites else Work.SCAN, size)) for size in tables.values())
        yield Due(direction, *held, tuple(tables), rewrites, rows, in_all, impact.seconds)


def _longest(trace: LockTrace, production: SchemaSnapshot) -> tuple[Relation, LockMode] | None:
    """The lock of those that stop reads or writes of an older table which is held longest."""
    locks = [
        lock
        for statement in trace.statements
        for lock in statement.locks
        if lock.mode.blocks_writes and production.find(lock.relation) is not None
    ]
    longest = max(locks, key=lambda lock: lock.held_seconds, default=None)
    return (longest.relation, longest.mode) if longest else None


def _size(fact: LockFact, production: SchemaSnapshot) -> Size | None:
    table = production.find(fact.relation)
    return table.size if table is not None and table.size is not None and table.size.rows else None


def _measured(
    stage: Stage, base: str, history: Sequence[Migration], due: dict[Path, tuple[Due, ...]], rows: Sequence[int]
) -> Iterator[tuple[Path, tuple[Estimate, ...]]]:
    left = set(due)
    for migration in history:
        if not left:
            return
        if migration.path in due:
            left.discard(migration.path)
            yield migration.path, tuple(_of_migration(stage, base, migration, due[migration.path], rows))
        stage.advance(base, migration.up, traced=False)


def _of_migration(
    stage: Stage, base: str, migration: Migration, due: Sequence[Due], sizes: Sequence[int]
) -> Iterator[Estimate]:
    sample = stage.copy(base)
    with stage.session(sample) as connection:
        fill(connection)
    seen: dict[Direction, list[Measured]] = {one.direction: [] for one in due}
    reason: str | None = None
    for rows in sizes:
        reason = reason or _one_run(stage, sample, migration, due, rows, seen)
    stage.drop(sample)
    for one in due:
        about = (one.direction.value, one.relation, one.mode, one.rows, one.bytes, one.by_rates)
        if reason is not None:
            yield Estimate(*about, reason=reason)
        else:
            measured = tuple(seen[one.direction])
            yield Estimate(*about, extrapolate(measured, one.rows, one.bytes), measured)


def _one_run(
    stage: Stage,
    sample: str,
    migration: Migration,
    due: Sequence[Due],
    rows: int,
    seen: dict[Direction, list[Measured]],
) -> str | None:
    """Up, and down if that is due too, on so many rows in each table; why that did not work, or None."""
    database = stage.copy(sample)
    try:
        with stage.session(database) as connection:
            for table in dict.fromkeys(table for one in due for table in one.tables):
                refused = multiply(connection, table, rows)
                if refused is not None:
                    return f"{'.'.join(table)} takes no {rows:,} rows: {refused}"
            connection.execute("VACUUM")  # what is read for the first time is written to, which is no part of the work
        for direction, script in migration.scripts():
            one = next((one for one in due if one.direction is direction), None)
            if one is None and direction is Direction.DOWN:
                break
            before = _bytes(stage, database, one) if one else 0
            ran = stage.run(database, script, direction)
            if ran.failure is not None:
                return f"on {rows:,} rows the way {direction.value} fails: {ran.failure.message}"
            if one is not None:
                seen[direction].append(Measured(rows * len(one.tables), before, _held(ran, one)))
    finally:
        stage.drop(database)
    return None


def _bytes(stage: Stage, database: str, due: Due) -> int:
    with stage.session(database) as connection:
        return size_of(connection, due.tables, with_indexes=due.rewrites)


def _held(ran: Ran, due: Due) -> float:
    locks = (lock for statement in ran.trace.statements for lock in statement.locks)
    return max((lock.held_seconds for lock in locks if lock.relation == due.relation), default=0.0)
