"""A release on a terminal: live while it runs, and as a timeline afterwards."""

from rich.console import Console, Group, RenderableType
from rich.status import Status
from rich.table import Table
from rich.text import Text

from gatekeeper.model.release import ReleaseRecord, Step, StepState
from gatekeeper.report.timeline import MARKS, headline, recovery_of, show_seconds

_COLORS = {
    StepState.DONE: "green",
    StepState.FAILED: "red",
    StepState.SKIPPED: "dim",
    StepState.WAITING: "yellow",
    StepState.RUNNING: "cyan",
}


class Progress:
    """One line a step on standard error; a spinner while it runs, where that is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner: Status | None = None

    def begins(self, name: str) -> None:
        """A step begins."""
        if self._console.is_terminal:
            self._spinner = self._console.status(f"{name} …")
            self._spinner.start()

    def remarks(self, name: str, text: str) -> None:
        """Something worth a line happened within a step."""
        self._console.print(Text(f"    {text}", style="dim"))

    def ends(self, step: Step) -> None:
        """A step has ended, or waits."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None
        line = Text(f"{MARKS[step.state]} ", style=_COLORS[step.state])
        line.append(f"{step.name}", style="bold")
        line.append(f"  {show_seconds(step.seconds)}  {step.summary}", style="default")
        self._console.print(line)


def timeline(record: ReleaseRecord) -> RenderableType:
    """All steps with their state, time and evidence, and what there is to know at the end."""
    table = Table.grid(padding=(0, 2))
    for step in record.steps:
        table.add_row(
            Text(MARKS[step.state], style=_COLORS[step.state]),
            Text(step.name, style="bold"),
            Text(f"{step.started:%H:%M:%S}"),
            Text(show_seconds(step.seconds), justify="right"),
            Text(step.summary),
        )
    return Group(Text(headline(record), style="bold"), table, *_ends(record))


def _ends(record: ReleaseRecord) -> list[Text]:
    release = record.release
    lines = [("summary", release.summary), ("release", release.id), ("digest", release.digest)]
    if release.undo:
        lines.append(("way back", f"row {release.undo.row}: {release.undo.plan}"))
    if recovery := recovery_of(record):
        lines.append(("recovery", str(recovery)))
    lines += [("evidence", f"{p.kind}: {p.verdict}  {p.name[:19]}  {p.path}") for p in record.evidence]
    return [Text.assemble((f"{name:<9} ", "dim"), text) for name, text in lines if text]
