"""What a bake has seen so far, in a file beside the evidence: a killed one goes on instead of beginning again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gatekeeper.model.bake import Counts, Look, Schedule


@dataclass(slots=True)
class Series:
    """The looks of one bake; every look is on disk before it is judged. `before` is None until it was asked for."""

    path: Path
    every: timedelta
    began: datetime
    looks: list[Look] = field(default_factory=list)
    before: Mapping[str, Counts] | None = None

    @property
    def next_look(self) -> datetime:
        """When to look again: a fixed rhythm from the beginning on, which no slow answer shifts."""
        return self.began + self.every * (len(self.looks) + 1)

    def begin(self, before: Mapping[str, Counts]) -> None:
        """Write down when it began, and how it was before."""
        self.before = before
        first = {"began": self.began.isoformat(), "before": _as_json(before)}
        self.path.write_text(json.dumps(first) + "\n", encoding="utf-8")

    def add(self, look: Look) -> None:
        """Write down a look, and one that saw nothing for each that was missed before it."""
        while self.began + self.every * (len(self.looks) + 2) <= self.began + look.after:
            self._write(Look(self.every * (len(self.looks) + 1), {}))
        self._write(look)

    def newest(self, objective: str) -> Counts:
        """The last counts that were seen; none at the beginning."""
        seen = (counts for look in reversed(self.looks) if (counts := look.seen.get(objective)) is not None)
        return next(seen, Counts(0, 0))

    def as_json(self) -> list[dict[str, Any]]:
        """The looks for a report."""
        return [_look_as_json(look) for look in self.looks]

    def _write(self, look: Look) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_look_as_json(look)) + "\n")
        self.looks.append(look)


def series_of(path: Path, schedule: Schedule, every: timedelta, now: datetime) -> Series:
    """The series that the file holds, as long as looks are left in it; else a new one that begins now."""
    try:
        first, *rest = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        began = datetime.fromisoformat(first["began"])
        looks = [_look(value) for value in rest]
        before = {name: Counts(*counts) for name, counts in first["before"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return Series(path, every, now)
    if len(looks) >= schedule.looks:
        return Series(path, every, now)
    return Series(path, every, began, looks, before)


def _as_json(seen: Mapping[str, Counts | None]) -> dict[str, list[int] | None]:
    return {name: [counts.bad, counts.total] if counts else None for name, counts in seen.items()}


def _look_as_json(look: Look) -> dict[str, Any]:
    return {"after": look.after.total_seconds(), "seen": _as_json(look.seen)}


def _look(value: Mapping[str, Any]) -> Look:
    seen = {name: Counts(*counts) if counts else None for name, counts in value["seen"].items()}
    return Look(timedelta(seconds=value["after"]), seen)
