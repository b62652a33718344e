"""From what was seen to a verdict. Pure."""

from collections.abc import Iterable, Sequence

from gatekeeper.model.proof import DataDifference, Failure, Loss, ProofVerdict, SchemaDifference
from migrations_lint.model import Problem


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


def unreadable(problems: Sequence[Problem]) -> Failure | None:
    """Why a migration that could not be read whole must not be called proven."""
    if not problems:
        return None
    first = problems[0]
    return Failure(first.direction.value, "", "", f"not all of it could be read: {first.message}", first.line)
