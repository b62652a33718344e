"""A release as one page of markdown: what happened, how long it took, and the evidence by digest."""

from collections.abc import Iterator

from gatekeeper.model.release import ReleaseRecord
from gatekeeper.report.timeline import MARKS, headline, recovery_of, show_seconds


def markdown(record: ReleaseRecord) -> str:
    """The whole page; it needs nothing but itself."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: ReleaseRecord) -> Iterator[str]:
    release = record.release
    yield f"# {headline(record)}"
    yield ""
    yield f"{release.summary or 'Under way.'}"
    yield ""
    yield f"- release `{release.id}`, started {release.started:%Y-%m-%d %H:%M:%S} UTC by {release.starter}"
    yield f"- commit `{release.commit or 'not known'}`"
    yield f"- digest `{release.digest or 'not computed yet'}`"
    if release.undo:
        yield f"- way back (row {release.undo.row} of the decision table): {release.undo.plan}"
    if recovery := recovery_of(record):
        yield f"- recovery: {recovery}"
    yield ""
    yield "| | step | took | result |"
    yield "|---|---|---|---|"
    for step in record.steps:
        yield f"| {MARKS[step.state]} | {step.name} | {show_seconds(step.seconds)} | {_cell(step.summary)} |"
    if record.evidence:
        yield ""
        yield "| evidence | verdict | SHA-256 | file |"
        yield "|---|---|---|---|"
        for piece in record.evidence:
            yield f"| {piece.kind} | {piece.verdict} | `{piece.sha256}` | `{piece.path.name}` |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
