"""`gatekeeper demo`: the story on the bundled clinic, nothing else needed."""

import json
from pathlib import Path

import click

from gatekeeper.cli.shared import Invocation, command


@command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".gatekeeper/demo"),
    show_default=True,
    help="Where the story keeps its migrations and reports.",
)
def demo(invocation: Invocation, folder: Path) -> None:
    """Tell the story on the bundled clinic: catch a migration that blocks, prove one, refute a rollback.

    Everything is real: the migrations, the linter, and a PostgreSQL server of our own that is gone afterwards.
    """
    from gatekeeper.demo.tell import chapters

    told = []
    for number, (title, tell) in enumerate(chapters(folder), start=1):
        with invocation.err.status(f"{title} …"):
            chapter = tell()
        told.append(chapter)
        if not invocation.wants_json:
            invocation.out.print(f"\n[bold]{number}. {title}[/bold]  ({chapter.seconds:.1f} s)")
            for line in chapter.lines:
                invocation.out.print(f"   {line}", markup=False)
            invocation.out.print(f"   see it again: {chapter.again}", markup=False)
    if invocation.wants_json:
        listed = [{"title": c.title, "lines": c.lines, "again": c.again, "seconds": round(c.seconds, 2)} for c in told]
        click.echo(json.dumps({"version": 1, "chapters": listed}, indent=2, ensure_ascii=False))
        return
    invocation.out.print(f"\nThe migrations of each chapter are in {folder}.", markup=False)
