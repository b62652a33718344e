"""`gatekeeper smoke`: does the running site work?"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command
from smoke.model import Outcome, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from smoke.run import Progress

_COLOURS = {
    Verdict.PASS: "green",
    Verdict.FLAKY: "yellow",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.FAIL: "red",
    Verdict.CRITICAL: "bold red",
}


@command()
@click.option("--url", default="", help="The running site, in place of the configured one.")
@click.option("--only", multiple=True, metavar="CHECK", help="Ask this check alone; can be repeated.")
@click.option("--repeat", default=1, type=click.IntRange(1), metavar="N", help="Ask each check N times; tell its rate.")
@click.option("--stop-at-first-critical", is_flag=True, help="Ask no more once a critical check has failed.")
@click.pass_context
def smoke(
    ctx: click.Context,
    invocation: Invocation,
    url: str,
    only: tuple[str, ...],
    repeat: int,
    stop_at_first_critical: bool,
) -> None:
    """Ask a running site whether it works: health, login and whatever else is configured.

    Exits 0 when it does, 1 when it does not, 2 for wrong settings, 3 when that could not be told.
    """
    from smoke.by_hand import ask_site
    from smoke.report import as_json, exit_code, line, summary

    settings = invocation.settings.smoke
    if not settings.check:
        invocation.err.print("no check is configured: asking only whether the first page answers")
    with _progress(invocation.err) as tell:
        report = ask_site(
            replace(settings, url=url or settings.url),
            os.environ,
            only=only,
            artifacts=invocation.settings.store.artifacts,
            progress=tell,
            repeat=repeat,
            stop_at_first_critical=stop_at_first_critical,
        )
    if invocation.wants_json:
        click.echo(json.dumps(as_json(report)))
    else:
        for outcome in report.outcomes:
            invocation.out.print(line(outcome), style=_COLOURS[outcome.verdict], markup=False)
        invocation.out.print(summary(report), style="bold", markup=False)
    ctx.exit(exit_code(report.verdict))


@contextmanager
def _progress(console: "Console") -> Iterator["Progress"]:
    """A line that turns while a check is asked; nothing where nobody watches."""
    with console.status("asking the site", spinner="dots") as status:

        def tell(name: str, outcome: Outcome | None) -> None:
            if outcome is None:
                status.update(f"asking {name}")

        yield tell
