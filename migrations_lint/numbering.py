"""Numbers and timestamps at the head of migration names, and the next one that is free."""

import re
from datetime import datetime, timedelta

_PART = re.compile(r"(?P<title>.*)_part_(?P<part>[0-9]+)")
_TIMESTAMP = "%Y%m%d%H%M%S"


def number_after(number: str, before: str | None) -> str | None:
    """The number of a migration that runs right after `number` and before `before`; None where there is no room."""
    found = _next(number)
    return found if before is None or int(found) < int(before) else None


def title_after(title: str) -> str:
    """What the part of a migration that became one of its own is called."""
    match = _PART.fullmatch(title)
    return f"{match['title']}_part_{int(match['part']) + 1}" if match else f"{title}_part_2".removeprefix("_")


def _next(number: str) -> str:
    if len(number) == len("20260131235959"):
        try:
            return (datetime.strptime(number, _TIMESTAMP) + timedelta(seconds=1)).strftime(_TIMESTAMP)
        except ValueError:
            pass
    return str(int(number) + 1).zfill(len(number))
