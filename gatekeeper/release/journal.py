"""Takes a step once: intent, act, result. A step found in intent after a crash is looked at before it is repeated."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.release import Step, StepState
from gatekeeper.release.desk import Desk, now
from gatekeeper.release.fail_point import fail_point
from gatekeeper.release.step import Result, Work, waiting
from migrations_lint.errors import LintError
from smoke.errors import SmokeError

Durably = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
"""Runs a step under a name and remembers its value, so that a resumed run gets the value instead."""


def take(desk: Desk, work: Work, durably: Durably) -> Result:
    """The step's result, whether it is had now or was had before."""
    return Result.from_json(durably(work.name, lambda: _once(desk, work).as_json()))


def _once(desk: Desk, work: Work) -> Result:
    before = next((step for step in desk.store.steps.of(desk.release_id) if step.name == work.name), None)
    if before is not None and before.state.is_settled and not work.asks_anew:
        return Result.of(before)
    desk.listener.begins(work.name)
    if before is not None and before.state is StepState.RUNNING:
        seen = work.observe(desk)
        if seen is not None:
            return _written(desk, work, seen, before.started, (now() - before.started).total_seconds())
    return _acted(desk, work)


def _acted(desk: Desk, work: Work) -> Result:
    started, clock = now(), time.monotonic()
    fail_point(f"{work.name}: before intent")
    desk.store.releases.save(replace(desk.release, phase=work.phase))
    _write(desk, Step(work.name, StepState.RUNNING, started, result={"facts": {}, "exit_code": 0}))
    fail_point(f"{work.name}: after intent")
    try:
        result = work.act(desk)
    except (GatekeeperError, LintError, SmokeError) as error:
        result = waiting(str(error), error.exit_code)
    fail_point(f"{work.name}: after effect")
    return _written(desk, work, result, started, time.monotonic() - clock)


def _written(desk: Desk, work: Work, result: Result, started: datetime, seconds: float) -> Result:
    facts = {"facts": dict(result.facts), "exit_code": result.exit_code}
    step = Step(work.name, result.state, started, seconds, result.summary, result.evidence, facts)
    _write(desk, step)
    fail_point(f"{work.name}: after result")
    desk.listener.ends(step)
    return result


def _write(desk: Desk, step: Step) -> None:
    desk.store.steps.write(desk.release_id, step, place=desk.lease.place, epoch=desk.lease.epoch)
