"""Runs the smoke checks against whatever serves, and keeps what they said."""

import os
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gatekeeper.model.evidence import Evidence
from gatekeeper.release.desk import Desk, now
from smoke.model import Outcome, SmokeReport, Target
from smoke.report import as_json
from smoke.run import Conduct, checks_from, run


class _FirstFailure:
    """Notes when the first check failed: recovery is counted from there."""

    def __init__(self, desk: Desk, step: str) -> None:
        self._desk, self._step = desk, step
        self.at: datetime | None = None

    def __call__(self, name: str, outcome: Outcome | None) -> None:
        if outcome is None:
            self._desk.remark(self._step, name)
            return
        self._desk.remark(self._step, f"{outcome.verdict.value}: {name}: {outcome.message}")
        if self.at is None and outcome.is_decisive:
            self.at = now()


def ask(desk: Desk, step: str) -> tuple[SmokeReport, Evidence, dict[str, Any]]:
    """The report, its evidence, and the facts that a later step needs."""
    settings = desk.settings.smoke
    checks = checks_from(settings, os.environ)
    folder = desk.store.evidence.folder(desk.release_id) / step.replace(" ", "-")
    target = Target(settings.url, folder, control_url=settings.control_url or None)
    first = _FirstFailure(desk, step)
    report = run(checks, target, time.monotonic() + settings.deadline_seconds, first, Conduct.of(settings))
    evidence = desk.keep(step, as_json(report), verdict=report.verdict.value, summary=summary(report.outcomes))
    facts = {"verdict": report.verdict.value, "first_failure": first.at.isoformat() if first.at else None}
    return report, evidence, facts


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many passed, and what the others said."""
    bad = [f"{o.name}: {o.verdict.value}: {o.message}" for o in outcomes if not o.verdict.is_good]
    passed = f"{len(outcomes) - len(bad)} of {len(outcomes)} checks passed"
    return "; ".join([passed, *bad])
