"""Who waits for whom and for how long, drawn: one SVG, a row for each table that a migration locks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from gatekeeper.model.proof import LockTrace, ObservedLock, RollbackProof, TracedStatement, VerifyReport
from migrations_lint.locks import LockMode
from migrations_lint.model import RelationKind

_WIDTH, _LEFT, _ROW, _GAP = 960, 300, 18, 30
_READS_WAIT, _WRITES_WAIT, _NOBODY_WAITS = "#c62828", "#ef6c00", "#90a4ae"
_STOPS_WRITES = frozenset({LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.EXCLUSIVE})
_SHOWN = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})
_LEGEND = ((_READS_WAIT, "reads and writes wait"), (_WRITES_WAIT, "writes wait"), (_NOBODY_WAITS, "only DDL waits"))


@dataclass(frozen=True, slots=True)
class _Bar:
    """A lock from when its statement began to when its transaction ended; seconds since the script began."""

    relation: str
    lock: ObservedLock
    began: float
    statement: TracedStatement


def as_svg(report: VerifyReport) -> str:
    """Every way up and down that locks a table which was there before, each on a time axis of its own."""
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "font-family": "sans-serif", "font-size": "12"})
    y = _legend(root)
    for proof in report.proofs:
        for name, trace in _traces(proof):
            bars = list(_bars(trace))
            if bars:
                y = _panel(root, y + _GAP, f"{proof.id} {name} ({trace.seconds * 1000:.0f} ms)", trace.seconds, bars)
    root.set("viewBox", f"0 0 {_WIDTH} {y + _GAP}")
    root.set("width", str(_WIDTH))
    return tostring(root, encoding="unicode") + "\n"


def _traces(proof: RollbackProof) -> Iterator[tuple[str, LockTrace]]:
    yield "up", proof.up
    if proof.down is not None:
        yield "down", proof.down


def _bars(trace: LockTrace) -> Iterator[_Bar]:
    for statement in trace.statements:
        for lock in statement.locks:
            if lock.relation_kind in _SHOWN:
                yield _Bar(str(lock.relation), lock, statement.began, statement)


def _legend(root: Element) -> int:
    for number, (colour, words) in enumerate(_LEGEND):
        x = _LEFT + number * 200
        SubElement(root, "rect", {"x": str(x), "y": "10", "width": "12", "height": "12", "fill": colour})
        SubElement(root, "text", {"x": str(x + 18), "y": "20"}).text = words
    return 20


def _panel(root: Element, y: int, title: str, seconds: float, bars: Sequence[_Bar]) -> int:
    SubElement(root, "text", {"x": "10", "y": str(y + 12), "font-weight": "bold"}).text = title
    y += _ROW
    scale = (_WIDTH - _LEFT - 10) / max(seconds, 1e-6)
    rows = {relation: row for row, relation in enumerate(dict.fromkeys(bar.relation for bar in bars))}
    for relation, row in rows.items():
        SubElement(root, "text", {"x": "10", "y": str(y + row * _ROW + 12)}).text = relation
    for bar in bars:
        x, width = _LEFT + bar.began * scale, max(bar.lock.held_seconds * scale, 2)
        place = {"x": f"{x:.1f}", "width": f"{width:.1f}", "y": str(y + rows[bar.relation] * _ROW), "height": "14"}
        rect = SubElement(root, "rect", {**place, "fill": _colour(bar.lock.mode), "fill-opacity": "0.8"})
        held = f"held for {bar.lock.held_seconds * 1000:.1f} ms"
        words = f"{bar.lock.mode.value}, {held}\nline {bar.statement.line}: {bar.statement.sql}"
        SubElement(rect, "title").text = words
    return y + len(rows) * _ROW


def _colour(mode: LockMode) -> str:
    if mode is LockMode.ACCESS_EXCLUSIVE:
        return _READS_WAIT
    return _WRITES_WAIT if mode in _STOPS_WRITES else _NOBODY_WAITS
