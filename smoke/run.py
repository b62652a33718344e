"""Ask a site all its checks: in order, with one deadline, and without blaming it for a blind runner."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from smoke.browser import shared
from smoke.checks import checks_from
from smoke.errors import TargetUnreachable
from smoke.model import Check, Outcome, SmokeReport, Target, Verdict
from smoke.probe import answers, usable
from smoke.redact import clean

__all__ = ["Progress", "checks_from", "run"]

Progress = Callable[[str, Outcome | None], None]
"""Called with a check's name before it is asked (None) and with its outcome after."""

_PAUSES_SECONDS = (0.2, 1.0)  # between tries that did not reach the site


def run(checks: Sequence[Check], target: Target, deadline: float, progress: Progress | None = None) -> SmokeReport:
    """Ask every check and fold the answers into a report.

    `deadline` is on the clock of `time.monotonic`. Raises UnusableUrl where the target's URL cannot be asked.
    """
    usable(target.url)
    tell = progress or (lambda name, outcome: None)
    secrets = {secret for check in checks for secret in check.secrets}
    target = replace(target, secrets=tuple(secrets | set(target.secrets)))
    began = time.monotonic()
    outcomes = []
    with shared():
        for check in checks:
            tell(check.name, None)
            outcome = _classified(check, target, deadline)
            outcomes.append(outcome)
            tell(check.name, outcome)
    shown = clean(target.url, target.secrets)
    return SmokeReport(shown, tuple(outcomes), time.monotonic() - began)


def _classified(check: Check, target: Target, deadline: float) -> Outcome:
    """Ask; ask again once after a failure, only to tell a flaky answer from a real one."""
    began = time.monotonic()
    if began >= deadline:
        return Outcome(
            check.name, Verdict.INCONCLUSIVE, "not asked: the deadline had passed", check.critical, attempts=0
        )
    first = _reached(check, target, deadline)
    if first.verdict is not Verdict.FAIL or first.unreached:
        return first
    second = _reached(check, target, deadline) if time.monotonic() < deadline else None
    settled = judged(first, second)
    return replace(settled, seconds=time.monotonic() - began)


def judged(first: Outcome, second: Outcome | None) -> Outcome:
    """What a failure and its repetition say together; None is a repetition for which no time was left."""
    if second is None:
        return replace(
            first, verdict=Verdict.INCONCLUSIVE, message=f"failed, with no time left to ask again: {first.message}"
        )
    both = replace(second, attempts=first.attempts + second.attempts, artifacts=(*first.artifacts, *second.artifacts))
    if second.verdict is Verdict.PASS:
        return replace(both, verdict=Verdict.FLAKY, message=f"failed once, then passed: {first.message}")
    if second.verdict is Verdict.INCONCLUSIVE:
        return replace(both, message=f"failed ({first.message}), then could not be asked again: {second.message}")
    return both


def _reached(check: Check, target: Target, deadline: float) -> Outcome:
    """Ask until the site was heard from, as far as tries, time and harmlessness allow."""
    began = time.monotonic()
    outcome = check.ask(target, deadline)
    attempts = 1
    for pause in _pauses(check, deadline):
        if not outcome.unreached:
            break
        time.sleep(pause)
        outcome = check.ask(target, deadline)
        attempts += 1
    outcome = replace(outcome, attempts=attempts, seconds=time.monotonic() - began)
    return _blamed(outcome, target) if outcome.unreached else outcome


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
