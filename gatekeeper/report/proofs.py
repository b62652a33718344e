"""What `gatekeeper verify` found, as text that a reviewer can act on."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from gatekeeper.model.estimate import Estimate
from gatekeeper.model.proof import (
    ChainProof,
    DifferenceClass,
    LockTrace,
    LossWitness,
    ProofVerdict,
    RollbackProof,
    SchemaDifference,
    VerifyReport,
    VisitorWait,
)
from migrations_lint.impact import in_bytes, in_time, in_words

_SIGNS = {
    DifferenceClass.LOST: "-",
    DifferenceClass.LEFT_OVER: "+",
    DifferenceClass.CHANGED: "~",
    DifferenceClass.ORDER: "↕",
}


def as_text(report: VerifyReport) -> str:
    """A line for each migration, what is wrong below it, the chain, and a line that sums it up."""
    blocks = ["\n".join(_lines(proof)) for proof in report.proofs]
    if report.chain is not None:
        blocks.append("\n".join(chain_lines(report.chain)))
    return "\n".join([*blocks, "", *_stood_in(report), *_previous(report), summary(report)])


def _previous(report: VerifyReport) -> Iterator[str]:
    if report.previous is not None:
        yield f"{report.previous.version} on the new schema: {report.previous.works}: {report.previous.told}"


def _stood_in(report: VerifyReport) -> Iterator[str]:
    if report.base is not None:
        yield f"begun with the schema of {report.base}, which has {report.applied} of the migrations"
    if report.stand_ins:
        yield f"with stand-ins, for this server lacks them: {', '.join(report.stand_ins)}"


def _lines(proof: RollbackProof) -> Iterator[str]:
    yield f"{proof.verdict.value:<12} {proof.id}  {proof.path}"
    yield from reasons(proof)


def reasons(proof: RollbackProof) -> Iterator[str]:
    """Why the verdict is what it is, gravest first, then whom each way keeps waiting and what else was noticed."""
    if proof.verdict is not ProofVerdict.REFUTED:
        yield from _failure_lines(proof)
    yield from map(difference_line, proof.schema_differences)
    for difference in proof.data_differences:
        yield f"    data: {difference.message}"
    if proof.verdict is ProofVerdict.REFUTED:  # then it is the consequence
        yield from _failure_lines(proof)
    for loss, counted in proof.loss_now():
        yield f"    {'lost by' if loss.destroys else 'may stop'} the way down: {loss.message}"
        yield f"      {_now(counted)}: {loss.witness}"
    yield from _interruption_lines(proof)
    for stand_in in proof.stand_ins:
        yield f"    with a stand-in: {stand_in}"
    for way, trace in (("up", proof.up), ("down", proof.down)):
        if trace is not None and trace.waits:
            yield f"    {way}: {'; '.join(_waiting(trace))}"
    yield from map(_estimate_line, proof.estimates)
    yield from _visitor_lines(proof.traffic)
    for harm in proof.harms:
        yield f"    {harm.direction}, line {harm.line}: {harm.severity.value}, as seen: {harm.message} [{harm.rule}]"
        yield f"      {harm.help}"
    for one in proof.disagreements:
        expects = (
            "cannot tell what is done to" if one.predicted == "unknown" else f"expects {one.predicted or 'no lock'} on"
        )
        yield (
            f"    {one.direction}, line {one.line}: the linter {expects} {one.relation}, "
            f"PostgreSQL shows {one.observed or 'none'}"
        )


def _estimate_line(estimate: Estimate) -> str:
    """How long the lock is held in production: what is expected, from where to where, and what that rests on."""
    span, rates = estimate.span, in_time(estimate.by_rates)
    size = f"{in_words(estimate.rows)} rows ({in_bytes(estimate.bytes)})"
    about = f"    {estimate.direction}, in production: {estimate.relation} under {estimate.mode.value} for"
    if not estimate.measured:
        return f"{about} {rates}, {size} at the rates under [lint]; not measured: {estimate.reason}"
    most = max(one.rows for one in estimate.measured)
    low, high = in_time(span.low), in_time(span.high)
    room = f"; from {low} to {high}" if low != high else ""
    return (
        f"{about} {in_time(span.expected)}, {size}{room} "
        f"(measured on up to {most:,} rows; the rates under [lint] say {rates})"
    )


def _visitor_lines(waits: Sequence[VisitorWait]) -> Iterator[str]:
    """For each way and table the longest waits among visitors, beside the longest in peace."""
    for (direction, relation), own in groupby(waits, key=lambda wait: (wait.direction, wait.relation)):
        met = [wait for wait in own if wait.visits]
        told = ", ".join(
            f"{'writes' if wait.writes else 'reads'} waited {_in_ms(wait.longest_seconds)} at most "
            f"({_in_ms(wait.calm_seconds)} in peace)"
            for wait in met
        )
        yield f"    {direction}, among visitors of {relation}: {told or 'over before anybody came'}"
        for wait in met:
            if wait.failed:
                does = "writes" if wait.writes else "reads"
                yield f"      {wait.failed} of {wait.visits} {does} failed: {wait.error}"


def _in_ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _now(counted: LossWitness | None) -> str:
    if counted is None:
        return "count it on the live database"
    if counted.rows is None:
        return f"{'unknown on' if counted.is_due else 'not counted on'} the live database ({counted.reason})"
    return f"{counted.rows or 'no'} row{'' if counted.rows == 1 else 's'} on the live database now"


def _failure_lines(proof: RollbackProof) -> Iterator[str]:
    if proof.failure is not None:
        place = f"line {proof.failure.line}, " if proof.failure.line else ""
        state = f" ({place}{proof.failure.sqlstate})".replace(", )", ")") if proof.failure.sqlstate or place else ""
        yield f"    {proof.failure.direction} failed{state}: {proof.failure.message}"
        if proof.failure.statement:
            yield f"      {' '.join(proof.failure.statement.split())[:200]}"


def _interruption_lines(proof: RollbackProof) -> Iterator[str]:
    """Only where the way up cannot be run again: the others need nobody."""
    for one in proof.interruptions:
        if one.refusal is not None:
            left = f"it leaves {', '.join(one.leaves)}; " if one.leaves else ""
            place = f"{'in' if one.is_inside else 'after'} line {one.line}"
            yield f"    if up stops {place}, {left}run again: {one.refusal}"


def _waiting(trace: LockTrace) -> Iterator[str]:
    for words, reads in (("reads and writes wait", True), ("writes wait", False)):
        if tables := dict.fromkeys(str(wait.relation) for wait in trace.waits if wait.reads is reads):
            yield f"{words} for {', '.join(tables)}"


def difference_line(difference: SchemaDifference) -> str:
    """One difference as a line: its sign, the object, what became of it, and how much it matters."""
    text = f"    {_SIGNS[difference.difference]} {difference.object}"
    weight = f"{difference.grade.value}, tolerated" if difference.tolerated else difference.grade.value
    if difference.difference is DifferenceClass.CHANGED:
        return f"{text}: {difference.before} became {difference.after} ({weight})"
    return f"{text} ({difference.difference.value}, {weight})"


def chain_lines(chain: ChainProof) -> Iterator[str]:
    """What the way down as a whole has shown."""
    yield f"\nthe schema all the way down, from {chain.start} to {chain.end}: {chain.verdict.value}"
    if chain.stopped_at is not None:
        yield f"    stopped at {chain.stopped_at}"
    yield from map(difference_line, chain.schema_differences)


def summary(report: VerifyReport) -> str:
    """The verdicts counted, the server and the time, in one line."""
    counts = ", ".join(f"{number} {verdict.value}" for verdict in ProofVerdict if (number := report.count(verdict)))
    known = f", {report.remembered} known from earlier runs" if report.remembered else ""
    return f"{counts or 'nothing to prove'}, on PostgreSQL {report.server_version} ({report.seconds:.1f} s{known})"
