"""One schema, the single faults that an imperfect way down can leave in it, and what is no fault. Data only.

Each line of the files beside this one is a mutant of that grade, or a control. The tests hold our comparison to them;
`tests/bench/rollback_mutants.py` shows them to other tools as well.
"""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
GRADES = ("breaking", "security", "performance", "cosmetic", "data")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change that has to be told, and its grade; `since` is the first version of PostgreSQL that can do it."""

    grade: str
    sql: str
    since: int = 12


def _lines(name: str) -> list[str]:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8").splitlines()


def _mutant(grade: str, line: str) -> Mutant:
    statement, _, since = line.partition(" -- since ")
    return Mutant(grade, statement, int(since or 12))


SCHEMA = "\n".join(_lines("schema"))
MUTANTS = tuple(_mutant(grade, line) for grade in GRADES for line in _lines(grade))
CONTROLS = tuple(_lines("controls"))
