"""Writes timeouts into migrations: decides on all files first, then writes all of them or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.config.settings import InjectSettings
from gatekeeper.config.timeouts import timeouts_of
from gatekeeper.errors import GatekeeperError
from gatekeeper.writing import patch, replace_files
from migrations_lint.edits import edited
from migrations_lint.files import read_text, unsaved
from migrations_lint.formats import formats
from migrations_lint.history import History
from migrations_lint.model import Edit, Fragment, Migration, Problem, Source
from migrations_lint.outline import Piece
from migrations_lint.timeouts import without_timeout


class NothingInjected(GatekeeperError):
    """A file could not be read, so none was touched."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One file as it is, and the edits that are due in it, in order."""

    source: Source
    edits: tuple[Edit, ...]

    @property
    def path(self) -> Path:
        """The file that changes."""
        return self.source.path

    @property
    def text(self) -> str:
        """The file as it should be."""
        return edited(self.source.text, self.edits)

    def diff(self) -> str:
        """The change as `diff -u` shows it; `patch` understands it."""
        return patch(self.path, self.source.text, self.text)


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A statement without the timeout that it should have, because its tool gives no place for one."""

    path: Path
    line: int
    reason: str


def plan(history: History, settings: InjectSettings) -> tuple[Rewrite, ...]:
    """The files in which timeouts are missing; raises NothingInjected where a file cannot be read."""
    if history.problems:
        raise NothingInjected(
            "no file was changed, because not all migrations can be read",
            seen=[_shown(problem) for problem in history.problems],
            next_step="Mend or leave out what is named above, then run the same command again.",
        )
    timeouts = timeouts_of(settings)
    due: dict[Path, dict[Edit, None]] = {}  # a way down may belong to two migrations, and is changed once
    for migration in history.reported():
        for edit in formats()[migration.tool].with_timeout(migration, timeouts):
            due.setdefault(edit.path, {})[edit] = None
    return tuple(Rewrite(Source(path, read_text(path)), tuple(edits)) for path, edits in due.items())


def left_alone(history: History, rewrites: Sequence[Rewrite], settings: InjectSettings) -> tuple[LeftAlone, ...]:
    """What has no timeout in force even when the rewrites are written."""
    timeouts = timeouts_of(settings)
    found: dict[LeftAlone, None] = {}
    with unsaved({rewrite.path: rewrite.text for rewrite in rewrites}):
        for migration in history.reported():
            read = formats()[migration.tool].read(migration.path, read_text(migration.path))
            for _, script in read.scripts():
                for fragment, piece in without_timeout(script, timeouts):
                    line = fragment.source.position(fragment.in_file(piece.start)).line
                    found[LeftAlone(fragment.source.path, line, _why_not(read, fragment, piece))] = None
    return tuple(found)


def _why_not(migration: Migration, fragment: Fragment, piece: Piece) -> str:
    what = " ".join(piece.words[:3])
    if migration.path.suffix == ".py":
        return f"{what} gets no timeout: it runs where no statement can be written in front of it"
    if fragment.begins_anew or migration.in_one_string:
        return (
            f"{what} gets no statement_timeout: {migration.tool} sends it as one string with what stands beside it, "
            "which PostgreSQL refuses (SQLSTATE 25001); set one for the role that migrates"
        )
    return f"{what} gets no timeout: there is no place for one in front of it"


def write(rewrites: Sequence[Rewrite]) -> None:
    """Replace the files, all of them or none."""
    replace_files({rewrite.path: rewrite.text for rewrite in rewrites})


def _shown(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}: {problem.message}"


def statements_of(edit: Edit) -> Iterator[str]:
    """What an edit inserts, line by line, for people."""
    yield from (line.strip().rstrip(";") for line in edit.text.splitlines() if line.strip(" ;"))
