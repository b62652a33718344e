"""Traffic: each migration run once more among visitors of the tables that it touches; how long did they wait?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gatekeeper.model.proof import LockTrace, RollbackProof, VerifyReport, VisitorWait
from gatekeeper.staging.many_rows import multiply
from gatekeeper.staging.sample_rows import Name, fill
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import Choice
from gatekeeper.staging.stage import Stage
from gatekeeper.staging.visitors import Watch, visiting, visitors_of
from migrations_lint.model import Direction, Migration, Relation, RelationKind

ROWS = 5_000
_MOST_TABLES = 6
_VISITED = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})
_THERE = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p')
"""


def with_traffic(
    report: VerifyReport, history: Sequence[Migration], choice: Choice, statement_timeout: timedelta
) -> VerifyReport:
    """The report with the longest waits of others for each proven migration that touches older tables.

    Each gets a scratch database of its own, with sample rows and, where a table takes them, some thousand more.
    """
    proofs = {proof.path: proof for proof in report.proofs}
    with choice.start() as server, scratch(server) as databases:
        stage = Stage(databases, statement_timeout)
        try:
            seen = dict(_among_visitors(stage, databases.create(), history, proofs))
        finally:
            stage.close()
    return replace(report, proofs=tuple(replace(one, traffic=seen.get(one.path, ())) for one in report.proofs))


def _among_visitors(
    stage: Stage, base: str, history: Sequence[Migration], proofs: dict[Path, RollbackProof]
) -> Iterator[tuple[Path, tuple[VisitorWait, ...]]]:
    left = set(proofs)
    for migration in history:
        if not left:
            return
        proof = proofs.get(migration.path)
        if proof is not None:
            left.discard(migration.path)
            yield migration.path, tuple(_of_migration(stage, base, migration, proof))
        stage.advance(base, migration.up, traced=False)


def _of_migration(stage: Stage, base: str, migration: Migration, proof: RollbackProof) -> Iterator[VisitorWait]:
    database = stage.copy(base)
    try:
        with stage.session(database) as connection:
            there = {(schema, name) for schema, name in connection.execute(_THERE).fetchall()}
            touched = [table for table in _touched(proof) if table in there][:_MOST_TABLES]
            if not touched:
                return
            fill(connection)
            for table in touched:
                multiply(connection, table, ROWS)
            connection.execute("VACUUM ANALYZE")
        for direction, script in migration.scripts():
            with stage.session(database) as connection:
                there = {(schema, name) for schema, name in connection.execute(_THERE).fetchall()}
                visitors = visitors_of(connection, [table for table in touched if table in there])
            with visiting(stage.scratch.server, database, visitors) as watch:
                ran = stage.run(database, script, direction, traced=False)
            yield from _waits(direction, watch)
            if ran.failure is not None:
                return
    finally:
        stage.drop(database)


def _touched(proof: RollbackProof) -> dict[Name, None]:
    """The tables that either way locks, those that keep somebody waiting first."""
    traces = [trace for trace in (proof.up, proof.down) if trace is not None]
    waited_for = (_name(wait.relation) for trace in traces for wait in trace.waits)
    return dict.fromkeys((*waited_for, *(name for trace in traces for name in _locked(trace))))


def _locked(trace: LockTrace) -> Iterator[Name]:
    for statement in trace.statements:
        yield from (_name(fact.relation) for fact in statement.facts if fact.relation_kind in _VISITED)


def _name(relation: Relation) -> Name:
    return relation.schema, relation.name


def _waits(direction: Direction, watch: Watch) -> Iterator[VisitorWait]:
    for visitor in watch.visitors:
        met = watch.met(visitor)
        failed = [visit.failed for visit in met if visit.failed]
        yield VisitorWait(
            direction.value,
            Relation(*visitor.table),
            visitor.writes,
            watch.longest(visitor, calm=False),
            watch.longest(visitor, calm=True),
            len(met),
            len(failed),
            failed[0] if failed else None,
        )
