"""Writes timeouts into migrations: decides on all files first, then writes all of them or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.config.durations import show_duration
from gatekeeper.config.load import ConfigError
from gatekeeper.config.settings import InjectSettings
from gatekeeper.errors import GatekeeperError
from gatekeeper.writing import patch, replace_files
from migrations_lint.edits import edited
from migrations_lint.files import read_text
from migrations_lint.formats import formats
from migrations_lint.history import History
from migrations_lint.model import Edit, Problem, Source
from migrations_lint.timeouts import Timeouts


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
        for edit in formats()[migration.tool].with_timeout(migration, timeouts.wait, timeouts.limit):
            due.setdefault(edit.path, {})[edit] = None
    return tuple(Rewrite(Source(path, read_text(path)), tuple(edits)) for path, edits in due.items())


def write(rewrites: Sequence[Rewrite]) -> None:
    """Replace the files, all of them or none."""
    replace_files({rewrite.path: rewrite.text for rewrite in rewrites})


def timeouts_of(settings: InjectSettings) -> Timeouts:
    """The timeouts of the settings as PostgreSQL reads them; raises ConfigError where they contradict each other."""
    wait, limit = settings.lock_timeout, settings.statement_timeout
    if limit is not None and limit <= wait:
        raise ConfigError(
            "inject.statement_timeout is not longer than inject.lock_timeout",
            seen=[f"{show_duration(limit)} ends a statement before {show_duration(wait)} of waiting are over"],
            next_step="Make statement_timeout longer, or leave it out.",
        )
    return Timeouts(show_duration(wait), show_duration(limit) if limit is not None else None)


def _shown(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}: {problem.message}"


def statements_of(edit: Edit) -> Iterator[str]:
    """What an edit inserts, line by line, for people."""
    yield from (line.strip().rstrip(";") for line in edit.text.splitlines() if line.strip(" ;"))
