"""Where the linter's prediction and what the server was seen to do are not the same. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from gatekeeper.model.proof import Disagreement, RollbackProof, TracedStatement, VerifyReport
from migrations_lint.model import (
    Certainty,
    CheckedMigration,
    CheckedStatement,
    LockFact,
    LockMode,
    Relation,
    RelationKind,
    RenamesRelation,
    Unknown,
    Work,
)

# What only a planner decides: whether a read goes through the whole table or by an index.
_READS = frozenset({LockMode.ACCESS_SHARE, LockMode.ROW_SHARE})
_WEIGHT = (Work.INSTANT, Work.ROW_CHANGE, Work.SCAN, Work.INDEX_BUILD, Work.REWRITE, Work.UNKNOWN)
_Key = tuple[str, int, str]


def with_disagreements(report: VerifyReport, checked: Sequence[CheckedMigration]) -> VerifyReport:
    """The report, each proof of which names the statements that the linter was wrong about."""
    by_path = {one.migration.path: one for one in checked}
    proofs = []
    for proof in report.proofs:
        known = by_path.get(proof.path)
        proofs.append(replace(proof, disagreements=tuple(disagreements(known, proof))) if known else proof)
    return replace(report, proofs=tuple(proofs))


def disagreements(checked: CheckedMigration, proof: RollbackProof) -> Iterator[Disagreement]:
    """Statement by statement; those that were not run, or that the linter could not read, are passed over."""
    predicted = {_key(one): one for one in checked.statements}
    for direction, trace in (("up", proof.up), ("down", proof.down)):
        held: set[Relation] = set()
        for statement in trace.statements if trace else ():
            known = predicted.get((direction, statement.line, statement.sql))
            held.update(fact.relation for fact in statement.facts if known is None)
            if known is not None:
                said = "unknown" if any(True for _ in known.all(Unknown)) else None
                for one in _of_one(direction, statement, known.locks, held):
                    yield replace(one, predicted=one.predicted or said)
                held.update(fact.relation for fact in statement.facts)
                held.update(fact.to for fact in known.all(RenamesRelation))  # the lock stays, under the new name


def _key(statement: CheckedStatement) -> _Key:
    return (statement.direction.value, statement.statement.begins.line, statement.statement.sql)


def _of_one(
    direction: str, statement: TracedStatement, locks: Sequence[LockFact], held: Collection[Relation]
) -> Iterator[Disagreement]:
    said = {fact.relation: fact for fact in locks}
    seen = {fact.relation: fact for fact in statement.facts}
    for relation in sorted(said.keys() | seen.keys()):
        one, other = said.get(relation), seen.get(relation)
        if other is None and relation in held:  # the transaction may hold that very lock already
            continue
        if not _agree(one, other, held_before=relation in held):
            words = (_words(one), _words(other))
            yield Disagreement(direction, statement.line, statement.sql, relation, *words)


def _agree(said: LockFact | None, seen: LockFact | None, *, held_before: bool) -> bool:
    """Whatever was seen must have been said; whatever was said for sure must be seen. Assumed work may be heavier.

    What the same transaction has made is nobody else's yet: what is done to it does not matter.
    """
    if said is None:
        return False
    if seen is None:
        return said.certainty is Certainty.ASSUMED or said.created_here
    may_be_less = said.certainty is Certainty.ASSUMED and {said.mode, seen.mode} <= _READS  # rows decide about keys
    same_mode = held_before or said.mode is seen.mode or may_be_less
    return said.created_here or (same_mode and _same_work(said, seen))


def _same_work(said: LockFact, seen: LockFact) -> bool:
    if said.mode in _READS or said.relation_kind is RelationKind.SEQUENCE:
        return said.work in {Work.SCAN, Work.INSTANT}
    if said.certainty is Certainty.ASSUMED:
        return _WEIGHT.index(said.work) >= _WEIGHT.index(seen.work)
    return said.work is seen.work


def _words(fact: LockFact | None) -> str | None:
    return f"{fact.mode.value} ({fact.work.value})" if fact else None
