"""Counts from a log file of structured lines: one JSON object a line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from gatekeeper.measures import Measure, NotMeasured, Window
from gatekeeper.model.bake import Counts

_READ_AT_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogFile:
    """Lines count where every key of `where` has its value; those that have every value of `bad` too are bad.

    A value that ends in `*` is matched by its beginning. `time` is the key with the line's time, ISO 8601 or seconds
    since 1970.
    """

    knows_the_past: ClassVar[bool] = True

    path: Path
    bad: Mapping[str, str]
    where: Mapping[str, str] = field(default_factory=dict)
    time: str = "time"

    def read(self, window: Window) -> Counts:
        """Read the end of the file, at most 64 MiB."""
        try:
            lines = list(_objects(self.path))
        except OSError as error:
            raise NotMeasured(
                f"{self.path} cannot be read", seen=[error.strerror or str(error)], next_step="Check `path`."
            ) from error
        events = [line for line in lines if _fits(line, self.where) and _is_within(line.get(self.time), window)]
        return Counts(sum(_fits(event, self.bad) for event in events), len(events))


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _READ_AT_MOST, 0))
        for line in file:
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue  # a line of another kind, or the half of one that we begin in
            if isinstance(value, dict):
                yield value


def _fits(line: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(_is(str(line.get(key, "")), value) for key, value in wanted.items())


def _is(seen: str, wanted: str) -> bool:
    return seen.startswith(wanted[:-1]) if wanted.endswith("*") else seen == wanted


def _is_within(value: object, window: Window) -> bool:
    try:
        at = (
            datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(str(value))
        )
    except (ValueError, OverflowError, OSError):
        return False
    return window.since <= (at if at.tzinfo else at.replace(tzinfo=UTC)) < window.until


MEASURE: type[Measure] = LogFile
