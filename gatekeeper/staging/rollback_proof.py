"""Prove or refute the way back of every migration: up, down and up again, compared at every stop."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from gatekeeper.model.proof import (
    ChainProof,
    Failure,
    Interruption,
    LockTrace,
    ProofVerdict,
    RollbackProof,
    SchemaDifference,
    VerifyReport,
)
from gatekeeper.staging.at_hand import extensions_of
from gatekeeper.staging.base import Base
from gatekeeper.staging.catalog import Catalog
from gatekeeper.staging.compare import compare, refutes
from gatekeeper.staging.data_probe import DataDigest, compare_data
from gatekeeper.staging.interruptions import interruptions, is_one_transaction
from gatekeeper.staging.judge import judge, judge_chain, unreadable
from gatekeeper.staging.loss_witness import losses
from gatekeeper.staging.rows_since import losses_since, tables_written
from gatekeeper.staging.sample_rows import Name, fill
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from gatekeeper.staging.stage import Stage
from gatekeeper.staging.storage import Storage, narrowed
from gatekeeper.staging.workshop import Workshop
from migrations_lint.model import Direction, Migration, Script

Progress = Callable[[int, int, Migration], None]
_HUNG = "57014"
_LATER_ROWS = 101


def prove(
    history: Sequence[Migration],
    server: StagingServer,
    *,
    selected: Collection[Path] | None = None,
    statement_timeout: timedelta = timedelta(seconds=60),
    progress: Progress = lambda done, of, migration: None,
    known: Mapping[Path, RollbackProof] | None = None,
    base: Base | None = None,
) -> VerifyReport:
    """Run a whole history on scratch databases; proofs are made for the migrations at the `selected` paths.

    The others are only run, so that each stands on what its predecessors leave; those whose proof is `known` too. With
    a `base` the databases begin with its schema, and what it has of the history is neither run nor proven.
    """
    began = time.monotonic()
    with scratch(server) as databases:
        stage = Stage(databases, statement_timeout)
        try:
            pending = [migration for migration in history if base is None or migration.path not in base.applied]
            stage.check(extensions_of(pending))
            first = databases.create()
            if base is not None:
                base.build(stage, first)
            proving = _Proving(Workshop(stage, first), known or {})
            for number, migration in enumerate(pending):
                progress(number, len(pending), migration)
                proving.step(migration, wanted=selected is None or migration.path in selected)
            chain = proving.chain()
        finally:
            stage.close()
    seconds = round(time.monotonic() - began, 3)
    return VerifyReport(
        server.version,
        server.kind.value,
        tuple(proving.proofs),
        chain,
        seconds,
        stage.stand_ins.used(),
        base=base.name if base is not None else None,
        applied=len(base.applied) if base is not None else 0,
    )


@dataclass(frozen=True, slots=True)
class _Stop:
    """All that is compared at one stop of the way."""

    catalog: Catalog
    data: DataDigest | None = None
    storage: Storage | None = None


@dataclass(frozen=True, slots=True)
class _Proved:
    """A proof, and the schema that the database is left with: None where nobody should build on it."""

    proof: RollbackProof
    left: Catalog | None = None
    emptied: frozenset[str] = frozenset()


@dataclass
class _Proving:
    """The history so far."""

    workshop: Workshop
    known: Mapping[Path, RollbackProof]
    proofs: list[RollbackProof] = field(default_factory=list)
    applied: list[Migration] = field(default_factory=list)
    start: Catalog | None = None
    first: int = 0

    @property
    def stage(self) -> Stage:
        return self.workshop.stage

    def step(self, migration: Migration, *, wanted: bool) -> None:
        """Prove one migration, then go on with the history itself."""
        if not wanted:
            if self.workshop.advance(migration.up):
                self.applied.append(migration)
            return
        if self.start is None:
            self.start, self.first = self.workshop.start(), len(self.applied)
        proof = self.known.get(migration.path)
        if proof is not None:
            self.workshop.keep(None)
        else:
            proof = self._prove(migration)
            used = self.stage.stand_ins.used_in("\n".join(script.sql for _, script in migration.scripts()))
            proof = replace(proof, stand_ins=(*used, *proof.stand_ins))
            if not _up_failed(proof):
                proof = replace(proof, interruptions=self._interruptions(migration))
        if not _up_failed(proof):
            self.workshop.later(migration.up)
            self.applied.append(migration)
        unread = unreadable(migration.problems)
        if unread is not None and proof.verdict is not ProofVerdict.REFUTED:
            proof = replace(proof, verdict=ProofVerdict.FAILED, failure=proof.failure or unread)
        self.proofs.append(proof)

    def _interruptions(self, migration: Migration) -> tuple[Interruption, ...]:
        if is_one_transaction(migration.up):
            return ()
        base = self.workshop.head()
        return interruptions(self.stage, base, self.stage.catalog(base), migration.up)

    def _prove(self, migration: Migration) -> RollbackProof:
        proved = self._up_and_down(migration, rows=True)
        self.workshop.keep(proved.left, proved.emptied)
        proof = proved.proof
        if proof.failure is not None and _up_failed(proof) and proof.failure.sqlstate != _HUNG:
            return self._prove_without_rows(migration, proof)
        return proof

    def _prove_without_rows(self, migration: Migration, refused: RollbackProof) -> RollbackProof:
        """A way up that fails may only have met our sample rows; without them it may well run."""
        proof = self._up_and_down(migration, rows=False).proof
        self.workshop.keep(None)
        if refused.failure is None or _up_failed(proof):
            return proof
        note = f"empty tables, for the way up refuses our sample rows: {refused.failure.message}"
        return replace(proof, stand_ins=(*proof.stand_ins, note))

    def _up_and_down(self, migration: Migration, *, rows: bool) -> _Proved:
        database, catalog = self.workshop.ready(rows=rows)
        with self.stage.looking(database) as observer:
            before = _Stop(catalog, observer.data())
        up = self.stage.advance(database, migration.up)
        if up.failure:
            return _Proved(_failed(migration, up.trace, up.failure))
        with self.stage.looking(database) as observer:
            between = _Stop(observer.catalog(), storage=observer.storage())
        if migration.down is None:
            proof = RollbackProof(migration.id, migration.path, ProofVerdict.IRREVERSIBLE, up.trace, None)
            return _Proved(proof, between.catalog)
        down = self.stage.run(database, migration.down, Direction.DOWN)
        if down.failure:
            return _Proved(_failed(migration, up.trace, down.failure, down.trace))
        with self.stage.looking(database) as observer:
            after = _Stop(observer.catalog(), observer.data(), observer.storage())
        proof = _compared(migration, before, between, after, (up.trace, down.trace))
        proved = self._again(migration.up, database, between.catalog, self._with_empty(proof))
        written = tables_written(down.trace)
        if proved.left is not None and written:
            return self._with_rows_since(proved.proof, migration.down, database, written, after)
        return replace(proved, emptied=_emptied(before, after))

    def _with_empty(self, proof: RollbackProof) -> RollbackProof:
        """Tables that the migration touches and that took no sample row: what it does to rows there was not seen."""
        touched = {
            str(lock.relation)
            for trace in (proof.up, proof.down)
            if trace
            for s in trace.statements
            for lock in s.locks
        }
        empty = sorted(self.workshop.empty.items())
        notes = [f"no rows in {table}: {reason}" for table, reason in empty if table in touched]
        return replace(proof, stand_ins=(*proof.stand_ins, *notes))

    def _with_rows_since(
        self, proof: RollbackProof, down: Script, database: str, tables: Collection[Name], without: _Stop
    ) -> _Proved:
        """A way down that changes rows runs once more, over rows written since the way up."""
        assert without.data is not None
        with self.stage.looking(database) as observer:
            before = observer.data()
            with self.stage.session(database) as connection:
                fill(connection, tables, first=_LATER_ROWS, observer=observer.connection)
            written = observer.data()
        ran = self.stage.run(database, down, Direction.DOWN, traced=False)
        if ran.failure:
            note = f"rows written since the way up stop the way down: {ran.failure.message}"
            return _Proved(replace(proof, stand_ins=(*proof.stand_ins, note)))
        with self.stage.looking(database) as observer:
            after = observer.data()
        assert proof.down is not None
        loss = (*proof.loss, *losses_since(proof.down, without.data, before, written, after))
        verdict = judge(proof.schema_differences, proof.data_differences, loss)
        return _Proved(replace(proof, verdict=verdict, loss=loss))

    def _again(self, script: Script, database: str, wanted: Catalog, proof: RollbackProof) -> _Proved:
        """The way up has to work after a rollback too, and to lead to the same schema."""
        again = self.stage.run(database, script, Direction.UP, traced=False)
        if again.failure:
            is_refuted = proof.verdict is ProofVerdict.REFUTED
            failure = replace(again.failure, message=f"after the way down, up again: {again.failure.message}")
            return _Proved(
                replace(proof, verdict=proof.verdict if is_refuted else ProofVerdict.FAILED, failure=failure)
            )
        now = self.stage.catalog(database)
        differences = compare(wanted, now)
        left = None if differences else now
        if proof.verdict is ProofVerdict.REFUTED or not refutes(differences):
            return _Proved(proof, left)
        return _Proved(replace(proof, verdict=ProofVerdict.REFUTED, schema_differences=differences))

    def chain(self) -> ChainProof | None:
        """From head all the way down to before the first migration that was asked for."""
        members = self.applied[self.first :]
        if self.start is None or not members:
            return None
        database = self.workshop.head()
        for migration in reversed(members):
            if migration.down is None:
                return self._stopped(members, migration, ProofVerdict.IRREVERSIBLE)
            if self.stage.run(database, migration.down, Direction.DOWN, traced=False).failure:
                return self._stopped(members, migration, ProofVerdict.FAILED)
        differences: tuple[SchemaDifference, ...] = compare(self.start, self.stage.catalog(database))
        verdict = judge_chain(differences, [proof.verdict for proof in self.proofs])
        return ChainProof(verdict, members[-1].id, members[0].id, None, differences)

    def _stopped(self, members: Sequence[Migration], at: Migration, verdict: ProofVerdict) -> ChainProof:
        return ChainProof(verdict, members[-1].id, members[0].id, at.id)


def _compared(
    migration: Migration, before: _Stop, between: _Stop, after: _Stop, traces: tuple[LockTrace, LockTrace]
) -> RollbackProof:
    assert before.data is not None
    assert after.data is not None
    schema = compare(before.catalog, after.catalog)
    data = compare_data(before.data, after.data)
    assert between.storage is not None
    assert after.storage is not None
    loss = losses(*narrowed(between.storage, after.storage))
    verdict = judge(schema, data, loss)
    return RollbackProof(migration.id, migration.path, verdict, *traces, schema, data, loss)


def _emptied(before: _Stop, after: _Stop) -> frozenset[str]:
    assert before.data is not None
    assert after.data is not None
    now = after.data.tables
    return frozenset(
        name for name, table in before.data.tables.items() if table.rows and name in now and not now[name].rows
    )


def _up_failed(proof: RollbackProof) -> bool:
    """The way up never got to its end, so nothing stands on it."""
    failure = proof.failure
    is_of_up = failure is not None and failure.direction == Direction.UP.value and bool(failure.sqlstate)
    return is_of_up and proof.down is None


def _failed(migration: Migration, up: LockTrace, failure: Failure, down: LockTrace | None = None) -> RollbackProof:
    return RollbackProof(migration.id, migration.path, ProofVerdict.FAILED, up, down, failure=failure)
