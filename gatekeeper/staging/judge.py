"""From what was seen to a verdict. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from gatekeeper.model.proof import (
    DataDifference,
    Failure,
    Loss,
    ProofVerdict,
    RollbackProof,
    SchemaDifference,
    VerifyReport,
)
from gatekeeper.staging.compare import tolerated
from migrations_lint.model import Problem

_NEVER_COMPARED = (ProofVerdict.IRREVERSIBLE, ProofVerdict.FAILED)


def judge(schema: Iterable[SchemaDifference], data: Iterable[DataDifference], loss: Iterable[Loss]) -> ProofVerdict:
    """The verdict on a way down that ran to its end."""
    if any(difference.refutes for difference in schema) or any(True for _ in data):
        return ProofVerdict.REFUTED
    return ProofVerdict.LOSSY if any(one.destroys for one in loss) else ProofVerdict.PROVEN


def judge_chain(schema: Iterable[SchemaDifference], members: Iterable[ProofVerdict]) -> ProofVerdict:
    """The verdict on a group of migrations that went down to its end as a whole."""
    if any(difference.refutes for difference in schema):
        return ProofVerdict.REFUTED
    return ProofVerdict.LOSSY if ProofVerdict.LOSSY in members else ProofVerdict.PROVEN


def tolerating(report: VerifyReport, tolerate: Collection[str]) -> VerifyReport:
    """The same report for a team that tolerates these kinds of differences, or grades: verdicts follow."""
    proofs = tuple(_tolerating(proof, tolerate) for proof in report.proofs)
    chain = report.chain
    if chain is not None:
        differences = tolerated(chain.schema_differences, tolerate)
        verdict = chain.verdict
        if verdict not in _NEVER_COMPARED:
            verdict = judge_chain(differences, [proof.verdict for proof in proofs])
        chain = replace(chain, verdict=verdict, schema_differences=differences)
    return replace(report, proofs=proofs, chain=chain)


def _tolerating(proof: RollbackProof, tolerate: Collection[str]) -> RollbackProof:
    differences = tolerated(proof.schema_differences, tolerate)
    verdict = proof.verdict
    if verdict not in _NEVER_COMPARED:
        verdict = judge(differences, proof.data_differences, proof.loss)
    if verdict is not ProofVerdict.REFUTED and proof.failure is not None:
        verdict = ProofVerdict.FAILED
    return replace(proof, verdict=verdict, schema_differences=differences)


def unreadable(problems: Sequence[Problem]) -> Failure | None:
    """Why a migration that could not be read whole must not be called proven."""
    if not problems:
        return None
    first = problems[0]
    return Failure(first.direction.value, "", "", f"not all of it could be read: {first.message}", first.line)
