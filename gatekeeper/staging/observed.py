"""What the lint rules say of what was seen: statements whose text does not tell, such as a DO block. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from gatekeeper.model.proof import Harm, LockTrace, RollbackProof, TracedStatement, VerifyReport
from migrations_lint.engine import Observed, Place
from migrations_lint.model import (
    CheckedStatement,
    Direction,
    Finding,
    LockFact,
    Report,
    Severity,
    Statement,
    Unknown,
    Work,
)
from migrations_lint.severity import severity_of, what_waits

Lint = Callable[[Observed], Report]

_WHILE = {
    Work.SCAN: "all of it is read",
    Work.INDEX_BUILD: "an index on it is built",
    Work.REWRITE: "it is rewritten",
}
_UNKNOWN = "effect-unknown"
_OUT = (
    "Take the statement out of the block, so that the linter can read it and give its safe form, or say that it is "
    f"safe: -- gatekeeper: allow {_UNKNOWN} because …"
)


def with_harms(report: VerifyReport, first: Report, lint: Lint) -> VerifyReport:
    """The rules asked again where the server has shown what `first` could not tell; `lint` asks them."""
    unknown = dict(_unknown(first))
    seen = {place: facts for place, facts in _seen(report) if place in unknown}
    if not seen:
        return report
    again = lint(seen)
    known = {_mark(finding) for finding in first.findings}
    fresh = [finding for finding in again.findings if _mark(finding) not in known and finding.suppressed is None]
    allowed = [finding for finding in first.findings if finding.rule == _UNKNOWN and finding.suppressed is not None]
    proofs = (replace(proof, harms=tuple(_harms(proof, seen, unknown, fresh, allowed))) for proof in report.proofs)
    return replace(report, proofs=tuple(proofs))


def _unknown(report: Report) -> Iterator[tuple[Place, CheckedStatement]]:
    for checked in report.migrations:
        for one in checked.statements:
            if any(True for _ in one.all(Unknown)):
                place = (checked.migration.path, one.direction, one.statement.begins.line, one.statement.sql)
                yield place, one


def _seen(report: VerifyReport) -> Iterator[tuple[Place, tuple[LockFact, ...]]]:
    for proof in report.proofs:
        for direction, trace in ((Direction.UP, proof.up), (Direction.DOWN, proof.down)):
            for statement in trace.statements if trace else ():
                yield (proof.path, direction, statement.line, statement.sql), _of_others(trace, statement)


def _of_others(trace: LockTrace | None, statement: TracedStatement) -> tuple[LockFact, ...]:
    """Without what the script itself has made: from outside nobody waits for that."""
    waited_for = {wait.relation for wait in trace.waits} if trace else set()
    return tuple(fact for fact in statement.facts if fact.relation in waited_for or not fact.mode.blocks_writes)


def _mark(finding: Finding) -> tuple[object, ...]:
    return (finding.rule, finding.path, finding.begins, finding.message)


def _harms(
    proof: RollbackProof,
    seen: Observed,
    unknown: Mapping[Place, CheckedStatement],
    fresh: Sequence[Finding],
    allowed: Sequence[Finding],
) -> Iterator[Harm]:
    for place, facts in seen.items():
        if place[0] != proof.path:
            continue
        here = unknown[place].statement
        if any(_stands_in(finding, here) for finding in allowed):
            continue
        told = [finding for finding in fresh if _stands_in(finding, here)]
        yield from (_harm(place, finding) for finding in told)
        gravest = [finding for finding in told if finding.severity is Severity.ERROR]
        yield from _untold(place, facts, {relation for finding in gravest for relation in finding.relations})


def _stands_in(finding: Finding, statement: Statement) -> bool:
    return (
        finding.path == statement.fragment.source.path
        and statement.begins.line <= finding.begins.line <= statement.ends.line
    )


def _harm(place: Place, finding: Finding) -> Harm:
    return Harm(place[1].value, place[2], finding.rule, finding.severity, finding.message, finding.help)


def _untold(place: Place, facts: Sequence[LockFact], told: Collection[object]) -> Iterator[Harm]:
    """Long work under a lock that keeps others waiting, of which no rule speaks: the rules know it by its statement."""
    for fact in facts:
        if fact.work in _WHILE and fact.mode.blocks_writes and fact.relation not in told:
            message = f"{what_waits(fact.mode)} of {fact.relation} wait while {_WHILE[fact.work]}"
            yield Harm(place[1].value, place[2], _UNKNOWN, severity_of(fact), message, _OUT)
