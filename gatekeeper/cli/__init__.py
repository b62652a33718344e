"""The command line: one command a file, found by walking this folder, imported only when it is called.

A file whose name begins with an underscore is no command; nor is `shared`, which all of them use.
"""

import pkgutil
from importlib import import_module

import click

from gatekeeper.cli.shared import run_to_exit_code


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name for name in names if not name.startswith("_") and name != "shared")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 nothing wrong, 1 the answer is no, 2 wrong usage or settings, 3 could not answer, "
    "4 gave way (nothing was changed), 5 waits for a person.",
)
@click.version_option(package_name="gatekeeper", prog_name="gatekeeper")
def cli() -> None:
    """Lint PostgreSQL migrations, prove their rollbacks, release, and roll a bad release back.

    Start with `gatekeeper demo`, or `gatekeeper init` in your own repository.
    """


def main() -> None:
    """The `gatekeeper` program: runs a command and turns our errors into a sentence and an exit code."""
    raise SystemExit(run_to_exit_code(cli))
