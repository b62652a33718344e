"""`gatekeeper init`: the settings file and the workflow, filled in with what is found here."""

import json
from pathlib import Path

import click

from gatekeeper.cli.shared import Invocation, command


@command()
@click.option("--force", is_flag=True, help="Replace files that exist.")
def init(invocation: Invocation, force: bool) -> None:
    """Detect the migration tool of this folder, write gatekeeper.toml and the workflow for pull requests.

    Exits 2 and writes nothing where one of the files exists, unless --force is given.
    """
    from gatekeeper.config.quick import FILE_NAME
    from gatekeeper.scaffold import scaffold

    made = scaffold(Path(), invocation.config or Path(FILE_NAME))
    made.write(force=force)
    if invocation.wants_json:
        found = [{"tool": root.format.name, "path": root.folder.as_posix()} for root in made.roots]
        click.echo(json.dumps({"version": 1, "found": found, "written": list(map(str, made.texts))}, indent=2))
        return
    for root in made.roots:
        click.echo(f"found {root.format.name} migrations in {root.folder}")
    if not made.roots:
        click.echo("found no migrations; set `paths` under [migrations]")
    for path in made.texts:
        click.echo(f"wrote {path}")
    click.echo("Next: `gatekeeper lint`, and the name of the action's repository in the workflow.")
