"""Durations as people write them: `500ms`, `5s`, `2min`, `1h`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|min|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: object) -> timedelta:
    """Read a number and its unit (ms, s, min, h, d); raises ValueError for anything else, bare numbers too."""
    if isinstance(text, timedelta):
        return text
    if isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        return timedelta(**{_UNITS[match["unit"]]: float(match["number"])})
    raise ValueError("write a number and a unit, such as 500ms, 5s, 2min or 1h")


def show_duration(span: timedelta) -> str:
    """The shortest spelling that reads back to the same span: 1500ms, 5s, 2min."""
    milliseconds = round(span.total_seconds() * 1000)
    for unit, size in (("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(show_duration)]
