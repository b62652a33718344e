"""What every command has: the common options, and the way from an error to a sentence and an exit code."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, cast

import click

from gatekeeper.errors import GatekeeperError, NotBuiltYet
from migrations_lint.errors import LintError
from smoke.errors import SmokeError

if TYPE_CHECKING:
    from rich.console import Console

    from gatekeeper.config.quick import LinterSettings
    from gatekeeper.config.settings import Settings
    from migrations_lint.history import History
    from migrations_lint.model import Report
    from migrations_lint.settings import LintSettings

P = ParamSpec("P")


@dataclass
class Invocation:
    """What the common options said. Settings and consoles are made when first asked for."""

    config: Path | None
    format: str
    quiet: bool
    no_color: bool

    @cached_property
    def settings(self) -> "Settings":
        """The settings file and the environment; raises ConfigError."""
        from gatekeeper.config.load import load

        return load(self.config)

    @cached_property
    def linter(self) -> "LinterSettings":
        """What the linter needs of the settings, read quickly where they are plain; raises ConfigError."""
        from gatekeeper.config.quick import LinterSettings, linter_settings

        quick = linter_settings(self.config)
        if quick is not None:
            return quick
        migrations = self.settings.migrations
        return LinterSettings(self.settings.lint, migrations.paths, migrations.format)

    @property
    def wants_json(self) -> bool:
        """Machine output was asked for."""
        return self.format == "json"

    @cached_property
    def out(self) -> "Console":
        """Standard output: the answer."""
        return self._console(stderr=False)

    @cached_property
    def err(self) -> "Console":
        """Standard error: progress and remarks; silent with --quiet."""
        return self._console(stderr=True)

    def _console(self, *, stderr: bool) -> "Console":
        from rich.console import Console

        plain = self.no_color or "NO_COLOR" in os.environ
        return Console(
            stderr=stderr,
            no_color=plain,
            color_system=None if plain else "auto",
            highlight=False,
            soft_wrap=True,
            quiet=self.quiet and stderr,
        )


def command(
    name: str | None = None, *, formats: tuple[str, ...] = ("text", "json"), **attributes: Any
) -> Callable[[Callable[Concatenate[Invocation, P], Any]], click.Command]:
    """Like `click.command`, with --config, --format, --quiet and --no-color; passes an Invocation first."""

    def decorate(function: Callable[Concatenate[Invocation, P], Any]) -> click.Command:
        @wraps(function)
        def run(config: Path | None, output_format: str, quiet: bool, no_color: bool, *args: Any, **kwargs: Any) -> Any:
            return function(Invocation(config, output_format, quiet, no_color), *args, **kwargs)

        options = (
            click.option("--config", type=click.Path(path_type=Path), help="Settings file [gatekeeper.toml]."),
            click.option(
                "--format", "output_format", type=click.Choice(formats), default=formats[0],
                help="How the answer is printed.",
            ),
            click.option("--quiet", "-q", is_flag=True, help="Nothing but the answer."),
            click.option("--no-color", is_flag=True, help="Plain text (NO_COLOR does the same)."),
        )  # fmt: skip
        decorated: Any = run
        for option in reversed(options):
            decorated = option(decorated)
        made: Any = click.command(name, **attributes)  # typed by overloads that our keywords do not fit
        return cast("click.Command", made(decorated))

    return decorate


def history_of(invocation: Invocation, paths: tuple[Path, ...], since: str | None = None) -> "History":
    """The history at the paths, else at those of the settings; with `since`, only what changed is selected.

    Raises LintError where nothing can be read, GatekeeperError for a revision that the repository does not have.
    """
    from migrations_lint.history import compared, read_history

    settings = invocation.linter
    history = read_history(paths or settings.paths, settings.format)
    if since is None:
        return history
    from gatekeeper.git import changed_files, files_at

    changed = {path.resolve() for path in changed_files(Path(), since)}
    history = compared(history, since, {path.resolve() for path in files_at(Path(), since)}, changed)
    selected = {m.path for m in history.reported() if any(path.resolve() in changed for path in m.files())}
    unread = tuple(problem for problem in history.problems if problem.path.resolve() in changed)
    return replace(history, selected=frozenset(selected), problems=unread)


def linted(history: "History", settings: "LintSettings", since: str | None = None) -> "Report":
    """The report on a history; where its migrations take names away, the application's code is read for them too.

    With `since`, the code at that revision as well, as the one that runs now. Raises UnreadableSnapshot or
    UnreadableBaseline where the settings name a file that is none.
    """
    from gatekeeper.lint_apart import lint_apart
    from migrations_lint.api import names_that_go

    report = lint_apart(history, settings)
    wanted = names_that_go(report)
    if not wanted.gone:
        return report
    from gatekeeper.application_code import application_code, released_code
    from gatekeeper.git import texts_before, tracked_files
    from migrations_lint.code import Code

    roots = {path.parent.resolve() for migration in history.migrations for path in migration.files()}
    root, names = tracked_files(min(roots))
    root = root.resolve()
    now = list(application_code(root, names, roots, wanted))
    if since is None:
        return lint_apart(history, settings, Code(now)) if now else report
    released = list(released_code(now, texts_before(Path(), since), root, roots, wanted))
    return lint_apart(history, settings, Code(now, released))


def target_of(invocation: Invocation, url: str | None) -> str:
    """The URL of the target database: the option, else the settings; raises ConfigError where neither says."""
    from gatekeeper.config.load import ConfigError

    configured = invocation.settings.migrate.url
    if url is None and configured is None:
        raise ConfigError(
            "there is no target database",
            next_step="Give --url, or set GATEKEEPER_MIGRATE__URL (`url` under [migrate]).",
        )
    return url or (configured.get_secret_value() if configured else "")


def database_named(invocation: Invocation, word: str) -> str:
    """A live database: a URL as it is, `target` and `staging` for those of the settings; raises ConfigError."""
    from gatekeeper.config.load import ConfigError

    if word == "target":
        return target_of(invocation, None)
    if word != "staging":
        return word
    configured = invocation.settings.staging.url
    if configured is None:
        raise ConfigError(
            "there is no staging database",
            next_step="Name a URL, or set GATEKEEPER_STAGING__URL (`url` under [staging]).",
        )
    return configured.get_secret_value()


def write_answer(answer: str | bytes, output: Path | None) -> None:
    """Print the answer, or write it to the file that --output names."""
    if output is None:
        click.echo(answer)
        return
    try:
        output.write_bytes(answer if isinstance(answer, bytes) else f"{answer}\n".encode())
    except OSError as error:
        raise GatekeeperError(
            f"cannot write {output}", seen=[error.strerror or str(error)], next_step="Choose another --output."
        ) from error


def not_built_yet(what: str, instead: str) -> NoReturn:
    """Say that a command belongs to a later version; exit code 2."""
    raise NotBuiltYet(f"`gatekeeper {what}` is not part of this version", next_step=instead)


def run_to_exit_code(group: click.Command) -> int:
    """Run the command line; our errors become their sentence on stderr, anything else keeps its traceback."""
    try:
        result = group.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except (GatekeeperError, LintError, SmokeError) as error:
        click.echo(f"gatekeeper: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output, such as `head`, has had enough
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0
