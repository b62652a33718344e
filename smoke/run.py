"""Ask a site all its checks: in order, with one deadline, and without blaming it for a blind runner."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from smoke.browser import shared
from smoke.checks import checks_from
from smoke.errors import SmokeError, TargetUnreachable
from smoke.interrupt import Overran, interrupted_after
from smoke.lanes import together
from smoke.model import Check, Outcome, SmokeReport, Target, Verdict
from smoke.probe import answers, session, usable
from smoke.redact import clean
from smoke.settings import SmokeSettings
from smoke.verdicts import counted, judged

__all__ = ["Conduct", "Progress", "checks_from", "run"]

Progress = Callable[[str, Outcome | None], None]
"""Called with a check's name before it is asked (None) and with its outcome after, on the thread of the run."""

_PAUSES_SECONDS = (0.2, 1.0)  # between tries that did not reach the site


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run goes: what is asked first to warm up, how many checks at once, how often each, and when it stops.

    `grace_seconds` is what a check has after its own time, to gather what it saw; then it is interrupted.
    """

    warm_up: tuple[str, ...] = ()
    at_once: int = 4
    repeat: int = 1
    stop_at_first_critical: bool = False
    grace_seconds: float = 10.0

    @classmethod
    def of(cls, settings: SmokeSettings, *, repeat: int = 1, stop_at_first_critical: bool = False) -> "Conduct":
        """As the settings say; `stop_at_first_critical` can be asked for besides."""
        stops = stop_at_first_critical or settings.stop_at_first_critical
        return cls(settings.warm_up, settings.at_once, repeat, stops)


def run(
    checks: Sequence[Check],
    target: Target,
    deadline: float,
    progress: Progress | None = None,
    conduct: Conduct = Conduct(),
) -> SmokeReport:
    """Ask every check and fold the answers into a report.

    Neighbours that may be asked beside others are asked at the same time, all others one by one in this thread.
    `deadline` is on the clock of `time.monotonic`. Raises UnusableUrl where the target's URL cannot be asked.
    """
    usable(target.url)
    secrets = {secret for check in checks for secret in check.secrets}
    target = replace(target, secrets=tuple(secrets | set(target.secrets)))
    began = time.monotonic()
    with shared():
        _warm_up(target, deadline, conduct)
        outcomes = tuple(_Run(target, deadline, conduct, progress or (lambda name, outcome: None)).ask(checks))
    shown = clean(target.url, target.secrets)
    return SmokeReport(shown, outcomes, time.monotonic() - began)


@dataclass(slots=True)
class _Run:
    target: Target
    deadline: float
    conduct: Conduct
    tell: Progress
    stopped_by: str = ""

    def ask(self, checks: Sequence[Check]) -> Iterator[Outcome]:
        for beside_others, neighbours in groupby(checks, key=lambda check: check.beside_others):
            group = tuple(neighbours)
            if beside_others and len(group) > 1 and not self.stopped_by:
                yield from self._at_once(group)
            else:
                yield from map(self._alone, group)

    def _alone(self, check: Check) -> Outcome:
        if self.stopped_by:
            return _not_asked(check, f"{self.stopped_by} has failed already")
        self.tell(check.name, None)
        return self._noted(check, self._asked(check))

    def _at_once(self, checks: Sequence[Check]) -> Iterator[Outcome]:
        for check in checks:
            self.tell(check.name, None)
        work = [partial(self._asked, check) for check in checks]
        found: dict[int, Outcome] = {}
        for number, outcome in together(work, self.conduct.at_once, self.deadline + 2 * self.conduct.grace_seconds):
            check = checks[number]
            found[number] = self._noted(check, outcome or _not_asked(check, "the time was over"))
            if self.stopped_by:
                break
        for number, check in enumerate(checks):
            yield found.get(number) or _not_asked(check, f"{self.stopped_by} has failed already")

    def _noted(self, check: Check, outcome: Outcome) -> Outcome:
        if self.conduct.stop_at_first_critical and outcome.is_decisive:
            self.stopped_by = check.name
        self.tell(check.name, outcome)
        return outcome

    def _asked(self, check: Check) -> Outcome:
        if self.conduct.repeat > 1:
            return counted(list(self._again_and_again(check)), check.success_rate)
        return _classified(check, self.target, self.deadline, self.conduct.grace_seconds)

    def _again_and_again(self, check: Check) -> Iterator[Outcome]:
        for number in range(self.conduct.repeat):
            if number and time.monotonic() >= self.deadline:
                return
            yield _in_time(check, self.target, self.deadline, self.conduct.grace_seconds)


def _warm_up(target: Target, deadline: float, conduct: Conduct) -> None:
    """The first answers of a site that has just started are slow and sometimes wrong; nobody is judged by them."""
    for path in conduct.warm_up:
        with suppress(SmokeError), session(target.url, deadline) as visitor:
            visitor.get(path)


def _not_asked(check: Check, why: str) -> Outcome:
    return replace(_unknown(check, f"not asked: {why}"), attempts=0)


def _unknown(check: Check, message: str) -> Outcome:
    return Outcome(
        check.name,
        Verdict.INCONCLUSIVE,
        message,
        check.critical,
        quarantine=check.quarantine,
        shadow=check.shadow,
    )


def _classified(check: Check, target: Target, deadline: float, grace: float) -> Outcome:
    """Ask; ask again once after a failure, only to tell a flaky answer from a real one."""
    began = time.monotonic()
    first = _in_time(check, target, deadline, grace)
    if first.verdict is not Verdict.FAIL or first.unreached:
        return first
    second = _reached(check, target, deadline, grace) if time.monotonic() < deadline else None
    return replace(judged(first, second), seconds=time.monotonic() - began)


def _in_time(check: Check, target: Target, deadline: float, grace: float) -> Outcome:
    if time.monotonic() >= deadline:
        return _not_asked(check, "the deadline had passed")
    return _reached(check, target, deadline, grace)


def _reached(check: Check, target: Target, deadline: float, grace: float) -> Outcome:
    """Ask until the site was heard from, as far as tries, time and harmlessness allow."""
    began = time.monotonic()
    outcome = _guarded(check, target, deadline, grace)
    attempts = 1
    for pause in _pauses(check, deadline):
        if not outcome.unreached:
            break
        time.sleep(pause)
        outcome = _guarded(check, target, deadline, grace)
        attempts += 1
    outcome = replace(outcome, attempts=attempts, seconds=time.monotonic() - began)
    return _blamed(outcome, target) if outcome.unreached else outcome


def _guarded(check: Check, target: Target, deadline: float, grace: float) -> Outcome:
    """Ask once; a check that goes on after its time is interrupted, and what it would have said is not known."""
    seconds = min(check.timeout_seconds, deadline - time.monotonic()) + grace
    try:
        with interrupted_after(seconds):
            return check.ask(target, deadline)
    except Overran:
        return _unknown(check, f"the check went on after its time and was interrupted after {seconds:.1f} s")


def _pauses(check: Check, deadline: float) -> Iterator[float]:
    for pause in _PAUSES_SECONDS if check.idempotent else ():
        if time.monotonic() + pause < deadline:
            yield pause


def _blamed(outcome: Outcome, target: Target) -> Outcome:
    """The site is to blame where the control page answers, or where its own machine turned us away."""
    if target.control_url is None:
        return replace(outcome, verdict=Verdict.FAIL) if outcome.refused else outcome
    try:
        answers(target.control_url)
    except TargetUnreachable:
        message = f"{outcome.message}; the control page does not answer either, so the runner may be cut off"
        return replace(outcome, verdict=Verdict.INCONCLUSIVE, message=message)
    return replace(outcome, verdict=Verdict.FAIL, message=f"{outcome.message}; the control page answers")
