"""Prove or refute the way back of every migration: up, down and up again, compared at every stop."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from gatekeeper.model.proof import (
    ChainProof,
    Failure,
    LockTrace,
    ProofVerdict,
    RollbackProof,
    SchemaDifference,
    VerifyReport,
)
from gatekeeper.staging.catalog import Catalog
from gatekeeper.staging.compare import compare, refutes
from gatekeeper.staging.data_probe import DataDigest, compare_data, digest, fill
from gatekeeper.staging.judge import judge, judge_chain, unreadable
from gatekeeper.staging.loss_witness import Storage, losses, storage_of
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from gatekeeper.staging.stage import Stage
from migrations_lint.model import Direction, Migration, Script

Progress = Callable[[int, int, Migration], None]


def prove(
    history: Sequence[Migration],
    server: StagingServer,
    *,
    selected: Collection[Path] | None = None,
    statement_timeout: timedelta = timedelta(seconds=60),
    progress: Progress = lambda done, of, migration: None,
) -> VerifyReport:
    """Run a whole history on scratch databases; proofs are made for the migrations at the `selected` paths.

    The others are only run, so that each stands on what its predecessors leave.
    """
    began = time.monotonic()
    with scratch(server) as databases:
        proving = _Proving(Stage(databases, statement_timeout), databases.create())
        for number, migration in enumerate(history):
            progress(number, len(history), migration)
            proving.step(migration, wanted=selected is None or migration.path in selected)
        chain = proving.chain()
    return VerifyReport(
        server.version, server.kind.value, tuple(proving.proofs), chain, round(time.monotonic() - began, 3)
    )


@dataclass(frozen=True, slots=True)
class _Stop:
    """All that is compared at one stop of the way."""

    catalog: Catalog
    data: DataDigest
    storage: Storage


@dataclass
class _Proving:
    """The history so far, on a database of its own that has every way up and no sample rows."""

    stage: Stage
    database: str
    proofs: list[RollbackProof] = field(default_factory=list)
    applied: list[Migration] = field(default_factory=list)
    start: Catalog | None = None
    first: int = 0

    def step(self, migration: Migration, *, wanted: bool) -> None:
        """Prove one migration on a copy, then go on with the history itself."""
        if wanted:
            if self.start is None:
                self.start, self.first = self.stage.catalog(self.database), len(self.applied)
            before = len(self.stage.stand_ins.used)
            proof = self._prove(migration)
            new = self.stage.stand_ins.used[before:]
            self.proofs.append(replace(proof, stand_ins=(*new, *proof.stand_ins)))
        if self.stage.advance(self.database, migration.up).failure is None:
            self.applied.append(migration)

    def _prove(self, migration: Migration) -> RollbackProof:
        proof = self._prove_on(migration, rows=True)
        if proof.failure is not None and proof.down is None:
            proof = self._prove_without_rows(migration, proof)
        unread = unreadable(migration.problems)
        if unread is None or proof.verdict is ProofVerdict.REFUTED:
            return proof
        return replace(proof, verdict=ProofVerdict.FAILED, failure=unread)

    def _prove_without_rows(self, migration: Migration, refused: RollbackProof) -> RollbackProof:
        """A way up that fails may only have met our sample rows; without them it may well run."""
        proof = self._prove_on(migration, rows=False)
        if refused.failure is None or (proof.failure is not None and proof.down is None):
            return proof
        note = f"empty tables, for the way up refuses our sample rows: {refused.failure.message}"
        return replace(proof, stand_ins=(*proof.stand_ins, note))

    def _prove_on(self, migration: Migration, *, rows: bool) -> RollbackProof:
        copy = self.stage.scratch.create(self.database)
        try:
            return self._up_and_down(migration, copy, rows=rows)
        finally:
            self.stage.scratch.drop(copy)

    def _up_and_down(self, migration: Migration, copy: str, *, rows: bool) -> RollbackProof:
        if rows:
            with self.stage.session(copy) as connection:
                fill(connection)
        before = self._stop(copy)
        up = self.stage.advance(copy, migration.up)
        if up.failure:
            return _failed(migration, up.trace, up.failure)
        if migration.down is None:
            return RollbackProof(migration.id, migration.path, ProofVerdict.IRREVERSIBLE, up.trace, None)
        between = self._stop(copy)
        down = self.stage.run(copy, migration.down, Direction.DOWN)
        if down.failure:
            return _failed(migration, up.trace, down.failure, down.trace)
        after = self._stop(copy)
        proof = _compared(migration, before, between, after, (up.trace, down.trace))
        return self._again(migration.up, copy, between.catalog, proof)

    def _again(self, script: Script, copy: str, wanted: Catalog, proof: RollbackProof) -> RollbackProof:
        """The way up has to work after a rollback too, and to lead to the same schema."""
        again = self.stage.run(copy, script, Direction.UP)
        if again.failure:
            is_refuted = proof.verdict is ProofVerdict.REFUTED
            failure = replace(again.failure, message=f"after the way down, up again: {again.failure.message}")
            return replace(proof, verdict=proof.verdict if is_refuted else ProofVerdict.FAILED, failure=failure)
        differences = compare(wanted, self.stage.catalog(copy))
        if proof.verdict is ProofVerdict.REFUTED or not refutes(differences):
            return proof
        return replace(proof, verdict=ProofVerdict.REFUTED, schema_differences=differences)

    def _stop(self, database: str) -> _Stop:
        catalog = self.stage.catalog(database)
        with self.stage.session(database) as connection:
            return _Stop(catalog, digest(connection), storage_of(connection))

    def chain(self) -> ChainProof | None:
        """From head all the way down to before the first migration that was asked for."""
        members = self.applied[self.first :]
        if self.start is None or not members:
            return None
        for migration in reversed(members):
            if migration.down is None:
                return self._stopped(members, migration, ProofVerdict.IRREVERSIBLE)
            if self.stage.run(self.database, migration.down, Direction.DOWN).failure:
                return self._stopped(members, migration, ProofVerdict.FAILED)
        differences: tuple[SchemaDifference, ...] = compare(self.start, self.stage.catalog(self.database))
        verdict = judge_chain(differences, [proof.verdict for proof in self.proofs])
        return ChainProof(verdict, members[-1].id, members[0].id, None, differences)

    def _stopped(self, members: Sequence[Migration], at: Migration, verdict: ProofVerdict) -> ChainProof:
        return ChainProof(verdict, members[-1].id, members[0].id, at.id)


def _compared(
    migration: Migration, before: _Stop, between: _Stop, after: _Stop, traces: tuple[LockTrace, LockTrace]
) -> RollbackProof:
    schema = compare(before.catalog, after.catalog)
    data = compare_data(before.data, after.data)
    loss = losses(between.storage, after.storage)
    verdict = judge(schema, data, loss)
    return RollbackProof(migration.id, migration.path, verdict, *traces, schema, data, loss)


def _failed(migration: Migration, up: LockTrace, failure: Failure, down: LockTrace | None = None) -> RollbackProof:
    return RollbackProof(migration.id, migration.path, ProofVerdict.FAILED, up, down, failure=failure)
