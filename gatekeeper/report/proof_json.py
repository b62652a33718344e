"""What `gatekeeper verify` found, as JSON; its shape is a promise."""

from dataclasses import asdict
from typing import Any

from gatekeeper.model.estimate import Estimate
from gatekeeper.model.proof import (
    ChainProof,
    LockTrace,
    Loss,
    LossWitness,
    ProofVerdict,
    RollbackProof,
    SchemaDifference,
    TracedStatement,
    VerifyReport,
    Wait,
)


def as_json(report: VerifyReport) -> dict[str, Any]:
    """The object of `gatekeeper verify --format json`, `version` 1."""
    return {
        "version": 1,
        "server_version": report.server_version,
        "staging": report.staging,
        "migrations": [_proof(proof) for proof in report.proofs],
        "chain": _chain(report.chain) if report.chain is not None else None,
        "stand_ins": list(report.stand_ins),
        "base": {"name": report.base, "applied": report.applied} if report.base is not None else None,
        "previous": asdict(report.previous) if report.previous else None,
        "summary": {
            **{verdict.value: report.count(verdict) for verdict in ProofVerdict},
            "seconds": round(report.seconds, 3),
        },
    }


def _proof(proof: RollbackProof) -> dict[str, Any]:
    failure = proof.failure
    return {
        "id": proof.id,
        "path": str(proof.path),
        "verdict": proof.verdict.value,
        "up": _trace(proof.up),
        "down": _trace(proof.down) if proof.down is not None else None,
        "schema_differences": [difference_as_json(difference) for difference in proof.schema_differences],
        "data_differences": [
            {"relation": d.relation, "column": d.column, "before": d.before, "after": d.after, "message": d.message}
            for d in proof.data_differences
        ],
        "loss": [_loss(loss, counted) for loss, counted in proof.loss_now()],
        "stand_ins": list(proof.stand_ins),
        "estimates": [_estimate(one) for one in proof.estimates],
        "traffic": [{**asdict(one), "relation": str(one.relation)} for one in proof.traffic],
        "harms": [
            {
                "direction": one.direction,
                "line": one.line,
                "rule": one.rule,
                "severity": one.severity.value,
                "message": one.message,
                "help": one.help,
            }
            for one in proof.harms
        ],
        "can_be_run_again": proof.can_be_run_again(),
        "interruptions": [
            {
                "line": one.line,
                "statement": one.statement,
                "while_running": one.is_inside,
                "leaves": list(one.leaves),
                "refusal": one.refusal,
            }
            for one in proof.interruptions
        ],
        "disagreements": [
            {
                "direction": one.direction,
                "line": one.line,
                "statement": one.statement,
                "relation": str(one.relation),
                "predicted": one.predicted,
                "observed": one.observed,
            }
            for one in proof.disagreements
        ],
        "error": None
        if failure is None
        else {
            "direction": failure.direction,
            "statement": failure.statement,
            "line": failure.line,
            "sqlstate": failure.sqlstate,
            "message": failure.message,
        },
    }


def _trace(trace: LockTrace) -> dict[str, Any]:
    return {
        "seconds": round(trace.seconds, 6),
        "statements": [_statement(one) for one in trace.statements],
        "waits": [_wait(one) for one in trace.waits],
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    span = estimate.span
    return {
        "direction": estimate.direction,
        "relation": str(estimate.relation),
        "mode": estimate.mode.value,
        "rows": estimate.rows,
        "bytes": estimate.bytes,
        "seconds": {name: round(value, 3) for name, value in asdict(span).items()},
        "by_rates_seconds": round(estimate.by_rates, 3),
        "measured": [
            {"rows": one.rows, "bytes": one.bytes, "seconds": round(one.seconds, 6)} for one in estimate.measured
        ],
        "reason": estimate.reason,
    }


def _loss(loss: Loss, counted: LossWitness | None) -> dict[str, Any]:
    told = {"relation": loss.relation, "column": loss.column, "message": loss.message, "witness": loss.witness}
    now = {"rows": counted.rows, "reason": counted.reason} if counted else {}
    return {**told, "destroys": loss.destroys, **now}


def _wait(wait: Wait) -> dict[str, Any]:
    return {
        "relation": str(wait.relation),
        "reads": wait.reads,
        "writes": wait.writes,
        "seconds": round(wait.seconds, 6),
    }


def _statement(statement: TracedStatement) -> dict[str, Any]:
    return {
        "line": statement.line,
        "sql": statement.sql,
        "seconds": round(statement.seconds, 6),
        "locks": [
            {"relation": str(lock.relation), "mode": lock.mode.value, "held_seconds": round(lock.held_seconds, 6)}
            for lock in statement.locks
        ],
        "rewrites": [str(relation) for relation in statement.rewrites],
        "scans": [str(relation) for relation in statement.scans],
        "index_builds": [str(relation) for relation in statement.index_builds],
        "wal_bytes": statement.wal_bytes,
        "began_seconds": round(statement.began, 6),
    }


def difference_as_json(difference: SchemaDifference) -> dict[str, Any]:
    """One difference, with how much it matters."""
    return {
        "class": difference.difference.value,
        "kind": difference.kind,
        "name": difference.name,
        "before": difference.before,
        "after": difference.after,
        "grade": difference.grade.value,
        "tolerated": difference.tolerated,
    }


def _chain(chain: ChainProof) -> dict[str, Any]:
    return {
        "verdict": chain.verdict.value,
        "from": chain.start,
        "to": chain.end,
        "stopped_at": chain.stopped_at,
        "schema_differences": [difference_as_json(difference) for difference in chain.schema_differences],
    }
