"""What an approver signs, in words and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gatekeeper.model.gate import Approval, Gate
from gatekeeper.model.release import ReleaseRecord
from gatekeeper.report.timeline import headline


@dataclass(frozen=True, slots=True)
class Paper:
    """The release, its gate, the inputs of its digest, the plan, and what was said so far."""

    record: ReleaseRecord
    gate: Gate
    inputs: Mapping[str, Any]
    plan: tuple[str, ...]
    said: tuple[Approval, ...]


def as_json(paper: Paper) -> dict[str, Any]:
    """Plain values for `json.dumps`."""
    return {
        "version": 1,
        "id": paper.record.release.id,
        "gate": paper.gate.name,
        "needs": dict(paper.gate.needs),
        "digest": paper.record.release.digest,
        "inputs": dict(paper.inputs),
        "plan": list(paper.plan),
        "said": [
            {"decision": a.decision.value, "who": a.who, "role": a.role, "at": a.at.isoformat(), "reason": a.reason}
            for a in paper.said
        ],
    }


def render(paper: Paper) -> RenderableType:
    """The page that a release manager reads before approving."""
    return Group(Text(headline(paper.record), style="bold"), *(Text(line) for line in _lines(paper)))


def _lines(paper: Paper) -> Iterator[str]:
    yield "what will happen:"
    yield from (f"  {number}. {step}" for number, step in enumerate(paper.plan, start=1))
    for number, way in enumerate(paper.inputs["undo"]):
        when = "if it fails" if number == 0 else "and if the previous version does not work on the new schema"
        yield f"{when} (row {way['row']}): {way['plan']}"
    yield "evidence:" if paper.record.evidence else "evidence: none, there was nothing to check"
    for piece in paper.record.evidence:
        yield f"  {piece.kind}: {piece.verdict}: {piece.summary}"
        yield f"    {piece.name}  {piece.path}"
    needs = ", ".join(f"{count} × {role}" for role, count in sorted(paper.gate.needs.items())) or "nobody"
    yield f"needs: {needs}; an approval holds for {paper.gate.expires_after}"
    for one in paper.said:
        yield f"  {one.at:%Y-%m-%d %H:%M} {one.decision.value} by {one.who} ({one.role}) {one.reason}".rstrip()
    yield "what is signed (SHA-256 of the RFC 8785 form of):"
    for name, value in paper.inputs.items():
        if name not in {"evidence", "undo", "migrations"}:
            yield f"  {name}: {value}"
    for migration in paper.inputs["migrations"]:
        yield f"  migration {migration['id']}: {migration['path']} sha256:{migration['file'][:12]}"
    yield f"digest: {paper.record.release.digest}"
