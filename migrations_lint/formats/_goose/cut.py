"""goose's own reading of a file, line by line: it knows its marks and semicolons at line ends, and no SQL.

After `internal/sqlparser` of goose 3.27: a statement ends with the line whose last word before a `--` ends in a
semicolon, except between StatementBegin and StatementEnd.
"""

import re
from dataclasses import dataclass, field

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import BYTE_ORDER_MARK
from migrations_lint.model import Direction, Problem, Source
from migrations_lint.outline import Piece, outline

_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_VARIABLE = re.compile(r"\$(?:\{|[A-Za-z_])")
_MARKS = frozenset({"up", "down", "statementbegin", "statementend", "no transaction", "envsub on", "envsub off"})


@dataclass(frozen=True, slots=True)
class Unit:
    """What goose sends as one string; offsets into the file. `around` is where the marks that enclose it stand."""

    start: int
    end: int
    around: tuple[int, int] | None = None


@dataclass(slots=True)
class Way:
    """One direction: where its text stands, and the strings in it."""

    start: int
    end: int
    units: list[Unit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ways:
    """A whole file; `down` is None where there is no Down mark."""

    up: Way
    down: Way | None
    in_transaction: bool
    problems: tuple[Problem, ...]


def cut(source: Source) -> Ways:
    """Read a file as goose does; raises UnreadableMigration with goose's reason where it would refuse it."""
    if source.text.startswith(BYTE_ORDER_MARK):
        raise UnreadableMigration(
            source.path, "begins with a byte order mark, which goose takes for SQL", hint="Save the file without one."
        )
    reading = _Reading(source)
    at = 0
    while at < len(source.text):
        line = _LINE.match(source.text, at)
        assert line is not None
        reading.take(line[0], at)
        at = line.end()
    return reading.finished()


class _Reading:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._line = 0
        self._up: Way | None = None
        self._down: Way | None = None
        self._begun: int | None = None  # where the statement that is not complete yet begins
        self._mark_at: int | None = None  # where the StatementBegin stands that we are in
        self._in_transaction = True
        self._substitutes = False
        self._problems: list[Problem] = []

    @property
    def _way(self) -> Way | None:
        return self._down or self._up

    def take(self, line: str, at: int) -> None:
        self._line += 1
        if line.strip().startswith("--") and "+goose" in line:
            self._mark(line, at)
        else:
            self._sql(line, at)

    def finished(self) -> Ways:
        if self._up is None:
            raise self._refused("has no '-- +goose Up' line", "Put one above the SQL of the way up.")
        if self._mark_at is not None:
            raise self._refused("a '-- +goose StatementBegin' has no StatementEnd", "Add the line that ends it.")
        self._require_semicolon(len(self._source.text))
        last = self._down or self._up
        last.end = len(self._source.text)
        return Ways(self._up, self._down, self._in_transaction, tuple(self._problems))

    def _mark(self, line: str, at: int) -> None:
        match self._word(line):
            case "up":
                self._begins_up(at + len(line))
            case "down":
                self._begins_down(at, at + len(line))
            case "statementbegin":
                if self._way is None or self._mark_at is not None:
                    raise self._refused("StatementBegin stands where none can begin", "Put it below Up or Down.")
                self._mark_at = at if self._begun is None else self._begun
                self._begun = at + len(line) if self._begun is None else self._begun
            case "statementend":
                self._ends_marked(at, at + len(line.rstrip()))
            case "no transaction":
                self._in_transaction = False
            case word:
                self._substitutes = word == "envsub on"

    def _word(self, line: str) -> str:
        word = line.replace("--", "").replace("+goose", "", 1).strip().lower()
        if word not in _MARKS or line[:1] in {" ", "\t"}:
            raise self._refused(
                f"goose knows no mark {line.strip()!r}", "Write it at the start of its line, as `-- +goose Up`."
            )
        return word

    def _begins_up(self, start: int) -> None:
        if self._up is not None:
            raise self._refused("has a second '-- +goose Up' line", "A file is one migration; split it.")
        self._up = Way(start, start)

    def _begins_down(self, before: int, start: int) -> None:
        if self._up is None or self._down is not None or self._mark_at is not None:
            raise self._refused("a '-- +goose Down' line stands in the wrong place", "Put one below the way up.")
        self._require_semicolon(before)
        self._up.end = before
        self._down = Way(start, start)

    def _ends_marked(self, at: int, after: int) -> None:
        if self._mark_at is None or self._way is None:
            raise self._refused("StatementEnd without StatementBegin", "Remove it, or add the line that begins it.")
        start = at if self._begun is None else self._begun
        self._way.units.append(Unit(start, at, (self._mark_at, after)))
        self._mark_at, self._begun = None, None

    def _sql(self, line: str, at: int) -> None:
        if self._begun is None and (line.strip().startswith("--") or not line.rstrip("\r\n")):
            return
        if self._way is None:
            if line.strip():
                raise self._refused("has text before '-- +goose Up'", "Move it below that line.")
            return
        if self._substitutes and _VARIABLE.search(line):
            self._problem("an environment variable becomes part of the SQL here", "Read it with the value in mind.")
        if self._begun is None:
            self._begun = at
        if self._mark_at is None and _ends_statement(line):
            self._ends(at + len(line))

    def _ends(self, end: int) -> None:
        assert self._way is not None
        assert self._begun is not None
        unit = Unit(self._begun, end)
        self._way.units.append(unit)
        self._begun = None
        if _is_cut_short(outline(self._source.text[unit.start : unit.end])):
            self._problem(
                "goose ends the statement at this line, in the middle of it",
                "Put `-- +goose StatementBegin` above the statement and `-- +goose StatementEnd` below it.",
            )

    def _require_semicolon(self, end: int) -> None:
        if self._begun is not None and self._source.text[self._begun : end].strip():
            raise self._refused(
                "the last statement has no semicolon at the end of a line", "Add it; goose refuses the file as it is."
            )

    def _problem(self, message: str, hint: str) -> None:
        direction = Direction.DOWN if self._down is not None else Direction.UP
        self._problems.append(Problem(self._source.path, self._line, message, hint, direction))

    def _refused(self, problem: str, hint: str) -> UnreadableMigration:
        return UnreadableMigration(self._source.path, problem, hint=hint, line=max(self._line, 1))


def _ends_statement(line: str) -> bool:
    last = ""
    for word in line.split():
        if word.startswith("--"):
            break
        last = word
    return last.endswith(";")


def _is_cut_short(pieces: tuple[Piece, ...]) -> bool:
    """Whether a quote, a bracket or a body is still open where goose takes the statement to end."""
    return bool(pieces) and pieces[-1].semicolon is None
