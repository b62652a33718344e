"""`gatekeeper lint`: what would these migrations lock?"""

from pathlib import Path

import click

from gatekeeper import __version__
from gatekeeper.cli.shared import Invocation, command, history_of, write_answer
from gatekeeper.errors import NotBuiltYet
from migrations_lint.api import lint_history
from migrations_lint.model import Severity
from migrations_lint.reporters import reporters


@command(formats=("text", "json", "github", "markdown", "sarif"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--since", metavar="REV", help="Only the migrations that changed since this Git revision.")
@click.option("--fix", is_flag=True, help="Write the safe form into the files (not part of this version).")
@click.option("--diff", is_flag=True, help="Show what --fix would write (not part of this version).")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file.")
def lint(
    invocation: Invocation, paths: tuple[Path, ...], since: str | None, fix: bool, diff: bool, output: Path | None
) -> int:
    """Say which locks, scans and rewrites the migrations in PATHS would cause; no database needed.

    PATHS are folders or files; without any, those of the settings. Exits 0 when nothing at or above `lint.fail_on`
    was found, 1 when something was, 3 when a file or a statement could not be read.
    """
    if fix or diff:
        raise NotBuiltYet(
            "`gatekeeper lint --fix` is not part of this version",
            next_step="The help of each finding says what to write.",
        )
    settings = invocation.settings
    report = lint_history(history_of(invocation, paths, since), settings.lint)
    write_answer(reporters()[invocation.format].render(report, tool=f"gatekeeper {__version__}"), output)
    if report.reaches(Severity(settings.lint.fail_on)):
        return 1
    return 3 if report.problems else 0
