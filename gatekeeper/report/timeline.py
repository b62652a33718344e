"""How long each step took, and how long users had to live with a bad version."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatekeeper.model.release import Outcome, Phase, ReleaseRecord, Step, StepState

MARKS = {
    StepState.DONE: "✓",
    StepState.FAILED: "✗",
    StepState.SKIPPED: "–",
    StepState.WAITING: "…",
    StepState.RUNNING: "▸",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """From the first failing smoke check to the restored version's last passing one."""

    failed: datetime
    verified: datetime

    @property
    def span(self) -> timedelta:
        """How long it took."""
        return self.verified - self.failed

    def __str__(self) -> str:
        return f"{show_seconds(self.span.total_seconds())} from the first failing check to rolled back and verified"


def recovery_of(record: ReleaseRecord) -> Recovery | None:
    """The recovery of a release that was rolled back because a check failed; None for any other."""
    verified = record.step("verify rollback")
    if record.release.outcome is not Outcome.ROLLED_BACK or verified is None:
        return None
    watching = [step for name in ("smoke", "bake") if (step := record.step(name)) is not None]
    failures = [failure for step in watching if (failure := step.result.get("facts", {}).get("first_failure"))]
    return Recovery(datetime.fromisoformat(failures[0]), _end(verified)) if failures else None


def headline(record: ReleaseRecord) -> str:
    """The release in one line: what, where, and how it stands."""
    release = record.release
    change = f"{release.previous} → {release.version}" if release.previous else release.version
    stands = release.outcome.value if release.outcome else f"at {release.phase.value}"
    if release.outcome is None and release.phase is Phase.GATE:
        stands = "waits at its gate"
    return f"{release.place} {change}: {stands}"


def show_seconds(seconds: float) -> str:
    """A duration as people say it: 40 ms, 4.2 s, 42 s, 3 min 5 s, 2 h 10 min, 3 days 4 h."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if not days:
        return f"{hours} h {minutes} min"
    return f"{days} {'day' if days == 1 else 'days'} {hours} h"


def _end(step: Step) -> datetime:
    return step.started + timedelta(seconds=step.seconds)
