"""`gatekeeper migrate --exec -- COMMAND`: somebody's own migration tool, run under guard."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation

if TYPE_CHECKING:
    from gatekeeper.apply.backoff import Budget
    from gatekeeper.apply.native_tool import ToolReport

_UNSEEN = (
    "no session of the tool was seen on the target database: if it had anything to do, it went elsewhere or under "
    "another name, unguarded (see docs/how-to/run-your-own-tool.md)"
)


def run_native(invocation: Invocation, url: str, budget: "Budget", words: tuple[str, ...]) -> int:
    """Run the command; what it says goes to standard error, what came of it to standard output."""
    from gatekeeper.apply.native_tool import Guarded, run_tool

    if not words:
        raise click.UsageError("--exec needs a command, such as: gatekeeper migrate --exec -- dbmate up")
    settings = invocation.settings.migrate
    guarded = Guarded(url, words, budget, dict(os.environ), settings.statement_timeout)

    def remark(text: str) -> None:
        invocation.err.print(f"gatekeeper: {text}", markup=False)

    with _terminated_like_interrupted():
        report = run_tool(guarded, lambda line: invocation.err.print(line, markup=False), remark)
    if report.watched == 0:
        remark(_UNSEEN)
    if report.unwatched:
        remark("our own connection was lost while the tool worked: from then on its timeouts alone guarded it")
    click.echo(json.dumps(_as_json(report, guarded.shown), indent=2) if invocation.wants_json else _as_text(report))
    return 0


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """What ends us politely, as a CI does that is cancelled, ends the tool too, which would go on unguarded."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _as_json(report: "ToolReport", shown: str) -> dict[str, object]:
    return {
        "version": 1,
        "command": shown,
        "tool": report.tool,
        "seconds": round(report.seconds, 3),
        "tries": report.tries,
        "stalled_sessions": report.stall.sessions,
        "worst_stall_seconds": round(report.stall.worst_seconds, 3),
        "watched_sessions": report.watched,
    }


def _as_text(report: "ToolReport") -> str:
    waited = (
        f"{report.stall.sessions} sessions waited for it, the longest {report.stall.worst_seconds * 1000:.0f} ms"
        if report.stall.sessions
        else "nobody waited for it"
    )
    tries = f"{report.tries} {'try' if report.tries == 1 else 'tries'}"
    return f"{report.tool} is through in {report.seconds:.2f} s, {tries}; {waited}"
