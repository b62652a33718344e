"""What `gatekeeper verify --drift` and `--models` found, as JSON and as text."""

from collections.abc import Iterator, Sequence
from typing import Any

from gatekeeper.model.drift import Applied, Drift
from gatekeeper.model.proof import DifferenceClass, SchemaDifference
from gatekeeper.report.proof_json import difference_as_json

_SIGNS = {DifferenceClass.LOST: "-", DifferenceClass.LEFT_OVER: "+", DifferenceClass.ORDER: "↕"}
_SHOWN_IDS = 5


def as_json(drifts: Sequence[Drift], seconds: float) -> dict[str, Any]:
    """The object of `gatekeeper verify --drift --format json`, `version` 1."""
    found = [difference for drift in drifts for difference in drift.differences]
    return {
        "version": 1,
        "drift": [_drift(drift) for drift in drifts],
        "summary": {
            "differences": sum(difference.refutes for difference in found),
            "tolerated": sum(difference.tolerated for difference in found),
            "seconds": round(seconds, 3),
        },
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "subject": drift.subject,
        "name": drift.name,
        "server_version": drift.server_version,
        "subject_version": drift.subject_version,
        "bookkeeping": _bookkeeping(drift.applied),
        "differences": [difference_as_json(difference) for difference in drift.differences],
        "notes": list(drift.notes),
    }


def _bookkeeping(applied: Applied | None) -> dict[str, Any] | None:
    if applied is None:
        return None
    return {
        "tables": list(applied.tables),
        "applied": applied.count,
        "last": applied.last,
        "pending": list(applied.pending),
        "unknown": list(applied.unknown),
    }


def as_text(drifts: Sequence[Drift]) -> str:
    """A heading for each comparison, its differences below it, and what the answer rests on."""
    return "\n\n".join("\n".join(_lines(drift)) for drift in drifts)


def _lines(drift: Drift) -> Iterator[str]:
    standing = sum(difference.refutes for difference in drift.differences)
    tolerated = len(drift.differences) - standing
    told = f"{standing} difference{'' if standing == 1 else 's'}" if standing else "no difference"
    yield f"the {drift.subject} {drift.name} against the history{_up_to(drift.applied)}: {told}" + (
        f", {tolerated} tolerated" if tolerated else ""
    )
    for difference in drift.differences:
        yield _line(difference, drift.subject)
    if drift.applied is not None and drift.applied.pending:
        yield f"    not applied there yet: {_listed(drift.applied.pending)}"
    yield from (f"    {note}" for note in drift.notes)


def _up_to(applied: Applied | None) -> str:
    if applied is None:
        return ""
    if applied.last is None:
        return ", of which it has nothing yet"
    return f" up to {applied.last} ({', '.join(applied.tables)})"


def _line(difference: SchemaDifference, subject: str) -> str:
    weight = f"{difference.grade.value}, tolerated" if difference.tolerated else difference.grade.value
    match difference.difference:
        case DifferenceClass.LOST:
            return f"    - {difference.object} (missing in the {subject}, {weight})"
        case DifferenceClass.LEFT_OVER:
            return f"    + {difference.object} (only in the {subject}, {weight})"
        case _:
            sign = _SIGNS.get(difference.difference, "~")
            return (
                f"    {sign} {difference.object}: the history has {difference.before}, the {subject} "
                f"{difference.after} ({weight})"
            )


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else ""
    return f"{', '.join(ids[:_SHOWN_IDS])}{more}"
