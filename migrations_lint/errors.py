"""What can go wrong while migrations are read, told so that a person can act on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


class LintError(Exception):
    """Says what happened, what was seen, and what to do next, in that order."""

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, *, seen: Sequence[str] = (), next_step: str) -> None:
        self.what = what
        self.seen = tuple(seen)
        self.next_step = next_step
        super().__init__("\n  ".join([what, *seen, next_step]))


class UnreadableMigration(LintError):
    """A file that its own tool would refuse as well, or that needs what we do not have.

    `line` counts from 1 and is None where the whole file is meant.
    """

    def __init__(self, path: Path, problem: str, *, hint: str, line: int | None = None) -> None:
        self.path = path
        self.problem = problem
        self.line = line
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}", next_step=hint)


class SqlSyntaxError(LintError):
    """SQL that PostgreSQL's own grammar refuses; `offset` is in characters from the start of the script."""

    def __init__(self, problem: str, offset: int) -> None:
        self.problem = problem
        self.offset = offset
        super().__init__(problem, next_step="Correct the SQL; PostgreSQL would refuse it too.")


class UnknownRule(LintError):
    """A rule name in the settings or on the command line that no rule has."""

    exit_code = 2

    def __init__(self, name: str, nearest: Sequence[str]) -> None:
        guess = f"did you mean {' or '.join(nearest)}?" if nearest else "`gatekeeper rules` lists them."
        super().__init__(f"there is no rule {name!r}", next_step=guess)


class UnusableRule(LintError):
    """A team's own rule that cannot be run."""

    exit_code = 2

    def __init__(self, path: Path, seen: str) -> None:
        super().__init__(
            f"{path} cannot be used as a lint rule",
            seen=[seen],
            next_step="A rule is `harm.py` with `@rule def harm(moment)`, and `harm.md`; see CONTRIBUTING.md.",
        )
