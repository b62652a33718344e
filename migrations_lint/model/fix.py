"""The safe form of a statement, as steps; the migration's format decides where each step is written."""

from dataclasses import dataclass
from enum import Enum

from migrations_lint.model.migration import Direction


class Place(Enum):
    """In which transaction a step of a fix runs."""

    HERE = "here"  # in that of the step before it, the first step in that of the statement
    ALONE = "alone"  # in none, where PostgreSQL accepts no transaction block
    LATER = "later"  # in a new one, when everything before it is committed


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of the safe form, without a semicolon; `undo` takes it back, None where nothing has to."""

    sql: str
    place: Place = Place.HERE
    undo: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """What stands in place of a statement so that its harm is gone; no steps where only a lock_timeout is missing.

    `start` and `end` are offsets in the file: of the statement, or of the code that sends it. `undo` is what a way back
    would say to take the statement as it is back. `unsafe` says why a person has to decide; None is a safe fix.
    `tables` are the names of the relations that the statement locks.
    """

    direction: Direction
    sql: str
    start: int
    end: int
    steps: tuple[Step, ...]
    undo: str | None = None
    unsafe: str | None = None
    tables: tuple[str, ...] = ()
