"""`-- gatekeeper: backfill by COLUMN in batches of N` above an UPDATE or a DELETE: it may be applied batch by batch."""

import re
from dataclasses import dataclass

_MARK = re.compile(r"(?:--|/\*)[ \t]*gatekeeper:[ \t]*(?P<text>backfill\b[^\n]*?)[ \t]*(?:\*/[ \t]*)?$")
_TEXT = re.compile(
    r'backfill[ \t]+by[ \t]+(?P<column>"(?:[^"]|"")+"|\w+)[ \t]+in[ \t]+batches[ \t]+of[ \t]+(?P<size>\d+)'
)


@dataclass(frozen=True, slots=True)
class Backfill:
    """Batches of `size` keys of the column, each in a transaction of its own."""

    column: str
    size: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The comment above a statement; `backfill` is None where it is not understood."""

    text: str
    backfill: Backfill | None


def backfill_of(text: str) -> Backfill | None:
    """What a comment to gatekeeper says, without its `gatekeeper:`; None where it is about something else."""
    found = _TEXT.fullmatch(text)
    if found is None or int(found["size"]) < 1:
        return None
    name = found["column"]
    return Backfill(name[1:-1].replace('""', '"') if name.startswith('"') else name.lower(), int(found["size"]))


def mark_above(sql: str, start: int) -> Mark | None:
    """The mark above the statement that starts there; only blank lines and other comments may stand between."""
    for line in reversed(sql[:start].split("\n")):
        bare = line.strip()
        if bare and not bare.startswith(("--", "/*")):
            return None
        if found := _MARK.match(bare):
            return Mark(found["text"], backfill_of(found["text"]))
    return None
