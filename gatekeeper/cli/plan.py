"""`gatekeeper plan`: an unsafe migration as several safe ones, each with its moment of the release."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command

if TYPE_CHECKING:
    from gatekeeper.report.expansion import Answer
    from migrations_lint.history import History
    from migrations_lint.model import Migration

_WAYS_UP = ("migration.sql", "up.sql")


@command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--write", "wanted", is_flag=True, help="Write the new migrations; no file is ever overwritten.")
@click.option("--diff", is_flag=True, help="Write nothing; print the new files as a patch.")
def plan(invocation: Invocation, file: Path, wanted: bool, diff: bool) -> int:
    """Split the migration in FILE into safe ones in its own tool's format, and say when each of them runs.

    FILE has not been released yet; what is written stands in its place, so delete it then. Without --write nothing is
    written. Exits 0, 1 when a statement cannot be split (then nothing is written), 3 when the file cannot be read or
    its history has no room.
    """
    if wanted and diff:
        raise click.UsageError("--diff writes nothing and --write does; give one of them.")
    from gatekeeper.report.expansion import as_json, as_patch, as_text

    history, migration = _asked(invocation, file)
    answer = _answer(invocation, history, migration, needs_files=wanted or diff)
    written = wanted and bool(answer.planned)
    if written:
        from gatekeeper.writing import replace_files

        replace_files({path: text for each in answer.planned for path, text in each.files.items()})
    if invocation.wants_json:
        click.echo(as_json(answer, written=written))
    elif diff:
        click.echo(as_patch(answer), nl=False)
    else:
        click.echo(as_text(answer, written=written))
    return 1 if answer.plan.refusals else 0


def _asked(invocation: Invocation, file: Path) -> "tuple[History, Migration]":
    """The one migration at FILE, and the history around it."""
    from gatekeeper.errors import GatekeeperError
    from migrations_lint.history import read_history

    inside = next((file / name for name in _WAYS_UP if (file / name).is_file()), file)
    history = read_history([inside], invocation.linter.format)
    reported = history.reported()
    if len(reported) != 1:
        problems = [f"{each.path}:{each.line}: {each.message}" for each in history.problems]
        raise GatekeeperError(
            f"{file} is not one migration",
            seen=problems or [f"there are {len(reported)} in it"],
            next_step="Name the file of the migration that is to be split.",
        )
    return history, reported[0]


def _answer(invocation: Invocation, history: "History", migration: "Migration", *, needs_files: bool) -> "Answer":
    from gatekeeper.config.timeouts import timeouts_of
    from gatekeeper.report.expansion import Answer
    from migrations_lint.api import production_of
    from migrations_lint.expansion import plan_of
    from migrations_lint.expansion.files import NoPlace, planned

    settings = invocation.linter.lint
    production = production_of(settings)
    found = plan_of(history.migrations, migration, settings, production)
    if found.refusals or found.changes_nothing:
        return Answer(migration, found, ())
    try:
        timeouts = timeouts_of(invocation.settings.inject)
        files = planned(found, migration, history.migrations, timeouts, settings, production)
    except NoPlace as error:
        if needs_files:
            raise
        invocation.err.print(str(error))
        return Answer(migration, found, ())
    return Answer(migration, found, files)
