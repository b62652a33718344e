"""`gatekeeper demo`: the story on the bundled clinic, nothing else needed."""

import json
import os
import re
import shutil
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command

if TYPE_CHECKING:
    from gatekeeper.demo.chapter import Chapter

_PROGRAM = "gatekeeper"


@command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".gatekeeper/demo"),
    show_default=True,
    help="Where the story keeps its migrations and reports.",
)
def demo(invocation: Invocation, folder: Path) -> None:
    """Tell the story on the bundled clinic: from a migration that blocks to a bad release that rolls itself back.

    Everything is real: the migrations, the linter, PostgreSQL servers of our own, the clinic's processes, a browser.
    Nothing is left running at the end.
    """
    from gatekeeper.demo.tell import chapters

    told: list[Chapter] = []
    with invocation.err.status("…") as status:
        story = chapters(folder, os.environ, lambda what: status.update(f"{what} …"))
        with closing(story):
            for number, (title, tell) in enumerate(story, start=1):
                status.update(f"{title} …")
                _say(invocation, f"\n[bold]{number}. {title}[/bold]")
                told.append(tell())
                _show(invocation, told[-1])
    if invocation.wants_json:
        click.echo(
            json.dumps({"version": 1, "chapters": [_as_json(one) for one in told]}, indent=2, ensure_ascii=False)
        )
        return
    seconds = sum(chapter.seconds for chapter in told)
    _say(invocation, f"\nThat took {seconds:.0f} s. Nothing is left running; what each chapter left is in {folder}.")


def _show(invocation: Invocation, chapter: "Chapter") -> None:
    for line in chapter.lines:
        _say(invocation, f"   {line}", markup=False)
    _say(invocation, f"   ({chapter.seconds:.1f} s) see it again: {_as_called(chapter.again)}", markup=False)


def _say(invocation: Invocation, text: str, *, markup: bool = True) -> None:
    if not invocation.wants_json:
        invocation.out.print(text, markup=markup)


def _as_json(chapter: "Chapter") -> dict[str, object]:
    seconds = round(chapter.seconds, 2)
    return {"title": chapter.title, "lines": chapter.lines, "again": chapter.again, "seconds": seconds}


def _as_called(words: str) -> str:
    """The command as the reader's shell finds the program: by its path where it is not on PATH."""
    here = Path(sys.argv[0]).absolute()
    found = shutil.which(_PROGRAM)
    if here.name != _PROGRAM or (found is not None and Path(found).absolute() == here):
        return words
    return re.sub(rf"(^|&& ){_PROGRAM} ", rf"\g<1>{here} ", words)
