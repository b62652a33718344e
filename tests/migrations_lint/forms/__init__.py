"""The statement forms and the schema that they are run against: what is proved of the facts, and shown in the docs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_FORM = re.compile(r"^(?P<sql>.+?);(?:\s*-- since (?P<since>\d+))?$")


@dataclass(frozen=True)
class Form:
    """One statement, the heading it stands under, and the PostgreSQL version from which on it is accepted (0: any)."""

    sql: str
    since: int
    heading: str


def forms() -> Sequence[Form]:
    """Every line of statement_forms.sql; a comment of its own begins a section."""
    found: list[Form] = []
    heading = ""
    for line in (_HERE / "statement_forms.sql").read_text(encoding="utf-8").splitlines():
        if line.startswith("--"):
            heading = line.removeprefix("--").strip().rstrip(".").partition(":")[0]
        elif (match := _FORM.match(line)) is not None:
            found.append(Form(match["sql"], int(match["since"] or 0), heading))
    return found


def setup(version: int) -> str:
    """The schema of both setup files, without the lines that came with a newer version of PostgreSQL."""
    files = ((_HERE / name).read_text(encoding="utf-8") for name in ("setup.sql", "further_setup.sql"))
    lines = (line for text in files for line in text.splitlines())
    return "\n".join(line for line in lines if version >= _since(line)) + "\n"


def _since(line: str) -> int:
    match = _FORM.match(line)
    return int(match["since"] or 0) if match is not None else 0
