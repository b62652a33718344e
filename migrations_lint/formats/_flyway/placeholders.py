"""Flyway's `${placeholders}`: their values as the project's configuration has them in plain text, put into the SQL.

Flyway looks for `flyway.toml` and `flyway.conf` where it is started, and Spring Boot has the same keys in its
`application.properties`. Names are compared without regard to case. What comes from the environment, a command line or
a secret store stands in no file, and neither does a value that refers to one (`${env.…}`).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import is_file, read_text
from migrations_lint.model import Fragment, Script
from migrations_lint.outline import outline

PLACEHOLDER = re.compile(r"\$\{(?P<name>[^}\n]*)\}")
_PROPERTY = re.compile(
    r"(?m)^[ \t]*(?:spring\.)?flyway\.placeholders\.(?P<name>[\w.-]+)[ \t]*[=:][ \t]*(?P<value>.*?)[ \t]*\r?$"
)
_PLACES = ("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf", "application.properties")


def values_for(script: Path) -> Mapping[str, str]:
    """The values that are known to a script, by names in lower case; what is nearest to it counts."""
    found: dict[str, str] = {}
    for folder in script.absolute().parents:
        for place in _PLACES:
            if is_file(folder / place):
                found = {**_values_in(folder / place), **found}
        if (folder / ".git").exists():
            break
    return {name: value for name, value in found.items() if PLACEHOLDER.search(value) is None}


def _values_in(path: Path) -> dict[str, str]:
    try:
        text = read_text(path)
        if path.suffix != ".toml":
            return {match["name"].lower(): match["value"] for match in _PROPERTY.finditer(text)}
        table: Any = tomllib.loads(text)
        for key in ("flyway", "placeholders"):
            table = table.get(key) if isinstance(table, dict) else None
    except (UnreadableMigration, tomllib.TOMLDecodeError):
        return {}
    return {str(name).lower(): str(value) for name, value in table.items()} if isinstance(table, dict) else {}


def filled(script: Script, values: Mapping[str, str]) -> Script:
    """The script with the values in place of their names; each statement that has one is then a piece of its own."""
    return Script(tuple(part for fragment in script.fragments for part in _parts(fragment, values)))


def _parts(fragment: Fragment, values: Mapping[str, str]) -> Iterator[Fragment]:
    at = 0
    for piece in outline(fragment.sql):
        sql = PLACEHOLDER.sub(lambda match: values.get(match["name"].lower(), match[0]), piece.sql)
        if sql == piece.sql:
            continue
        yield from _verbatim(fragment, at, piece.start)
        start, last = fragment.in_file(piece.start), fragment.in_file(piece.end)
        yield replace(fragment, sql=sql, start=start, end=last, verbatim=False)
        at = piece.end if piece.semicolon is None else piece.semicolon + 1
    yield from _verbatim(fragment, at, len(fragment.sql))


def _verbatim(fragment: Fragment, start: int, end: int) -> Iterator[Fragment]:
    """What stands between two such statements, where that is more than space."""
    sql = fragment.sql[start:end]
    if sql.strip():
        yield replace(fragment, sql=sql, start=fragment.in_file(start), end=fragment.in_file(end))
