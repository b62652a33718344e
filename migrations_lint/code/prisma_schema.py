"""A Prisma schema, read line by line: which model maps which table, and its columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_MODEL = re.compile(r"\s*(?:model|view)\s+(?P<name>\w+)\s*\{")
_FIELD = re.compile(r"\s*(?P<name>[A-Za-z]\w*)\s+(?P<type>[A-Za-z]\w*|Unsupported\([^)]*\))")
_MAP = re.compile(r"@map\(\s*(?:name:\s*)?\"(?P<name>[^\"]+)\"")
_TABLE = re.compile(r"\s*@@map\(\s*(?:name:\s*)?\"(?P<name>[^\"]+)\"")


@dataclass(slots=True)
class PrismaModel:
    """`columns` map the database's names to their lines, `fields` the schema's names to the database's."""

    name: str
    line: int
    table: str
    columns: dict[str, int] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


def prisma_models(text: str) -> Iterator[PrismaModel]:
    """Every model; fields that are other models have no column of their own."""
    lines = text.splitlines()
    names = {match["name"] for line in lines if (match := _MODEL.match(line))}
    current: PrismaModel | None = None
    for number, line in enumerate(lines, start=1):
        if current is None:
            begins = _MODEL.match(line)
            current = PrismaModel(begins["name"], number, begins["name"]) if begins else None
        elif line.strip().startswith("}"):
            yield current
            current = None
        elif (table := _TABLE.match(line)) is not None:
            current.table = table["name"]
        elif (found := _FIELD.match(line)) is not None and found["type"] not in names:
            mapped = _MAP.search(line)
            column = mapped["name"] if mapped else found["name"]
            current.columns[column] = number
            current.fields[found["name"]] = column
