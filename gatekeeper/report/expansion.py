"""A plan for people, as a patch, and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Any

from gatekeeper.writing import patch
from migrations_lint.expansion import Part, Plan, Split
from migrations_lint.expansion.files import Planned
from migrations_lint.model import Migration

_WIDTH = 110
_WHEN = {
    "before deploy": "Before the deploy, while the old release is running",
    "after deploy": "After the deploy, when only the new release is running",
    "contract later": "Later, when nobody goes back to the old release any more",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A migration, its plan, and the files that it comes to; none where nothing is due or the tool gives no place."""

    migration: Migration
    plan: Plan
    planned: tuple[Planned, ...]


def as_text(answer: Answer, *, written: bool) -> str:
    """Which file runs when and what it says; then what to look at, and what stands in the way."""
    name = answer.migration.path
    if answer.plan.changes_nothing:
        return f"{name} runs safely as it is: nothing to split."
    said = [
        *_ways(answer.plan.splits),
        *_refused(answer),
        *_parts(answer),
        *_notes(answer.plan.notes),
        *_last_word(answer, written=written),
    ]
    return "\n".join(said)


def _ways(splits: Sequence[Split]) -> Iterator[str]:
    for split in splits:
        if split.way:
            yield f"line {split.line}: {' '.join(split.sql.split())}"
            yield fill(split.way, _WIDTH, initial_indent="  ", subsequent_indent="  ")
            yield ""


def _refused(answer: Answer) -> Iterator[str]:
    for each in answer.plan.refusals:
        place = f"{answer.migration.path}:{each.line}: "
        yield f"{place}cannot be split: {each.reason}"
        yield from (f"    {line}" for line in each.sql.splitlines())
    if answer.plan.refusals:
        yield ""


def _parts(answer: Answer) -> Iterator[str]:
    numbered = list(enumerate(answer.plan.parts, start=1))
    for phase, group in groupby(numbered, key=lambda pair: pair[1].phase):
        yield f"{_WHEN[phase.value]}:"
        for number, part in group:
            yield f"  {number}. {_called(answer, number, part)}"
            yield fill(part.why, _WIDTH, initial_indent="     ", subsequent_indent="     ")
            if part.fills and part.key is not None:
                yield f"     A backfill: `gatekeeper migrate` goes through the table by {part.key}, in batches."
            yield from (f"       {line}" for step in part.steps for line in f"{step.sql};".splitlines())
        yield ""


def _called(answer: Answer, number: int, part: Part) -> str:
    return str(answer.planned[number - 1].path) if answer.planned else part.title.replace("_", " ")


def _notes(notes: Sequence[str]) -> Iterator[str]:
    yield from (fill(f"Note: {note}", _WIDTH, subsequent_indent="  ") for note in notes)
    if notes:
        yield ""


def _last_word(answer: Answer, *, written: bool) -> Iterator[str]:
    name, number = answer.migration.path, len(answer.planned)
    if answer.plan.refusals:
        yield "Nothing is written while a statement cannot be split; change it, or move it to a file of its own."
    elif written:
        yield f"{number} migrations written in place of {name}: delete that one now; `gatekeeper verify` proves them."
    elif answer.planned:
        yield f"Nothing is written yet; `gatekeeper plan {answer.migration.path} --write` does."


def as_patch(answer: Answer) -> str:
    """The new files as `git apply` takes them."""
    return "".join(patch(path, None, text) for each in answer.planned for path, text in each.files.items())


def as_json(answer: Answer, *, written: bool) -> str:
    """One object: the parts in their order with their files, what to look at, what cannot be split."""
    files: Sequence[Planned | None] = answer.planned or (None,) * len(answer.plan.parts)
    refused = [{"line": each.line, "sql": each.sql, "reason": each.reason} for each in answer.plan.refusals]
    shown = {
        "version": 1,
        "migration": {"id": answer.migration.id, "tool": answer.migration.tool, "path": str(answer.migration.path)},
        "written": written,
        "parts": [_part(part, each) for part, each in zip(answer.plan.parts, files, strict=True)],
        "notes": list(answer.plan.notes),
        "refused": refused,
        "summary": {
            "parts": len(answer.plan.parts),
            "files": sum(len(each.files) for each in answer.planned),
            "refused": len(refused),
        },
    }
    return json.dumps(shown, indent=2, ensure_ascii=False)


def _part(part: Part, planned: Planned | None) -> dict[str, Any]:
    texts: dict[Path, str] = dict(planned.files) if planned is not None else {}
    return {
        "phase": part.phase.value,
        "title": part.title,
        "why": part.why,
        "in_transaction": not part.is_alone,
        "backfill": {"by": part.key} if part.fills else None,
        "up": [step.sql for step in part.steps],
        "down": [step.undo for step in reversed(part.steps) if step.undo is not None],
        "files": [{"path": str(path), "text": text} for path, text in texts.items()],
    }
