"""Bake: the new version is watched under real traffic, and goes back when its objectives are missed beyond chance."""

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from gatekeeper.config.settings import BakeSettings
from gatekeeper.measures import Measure, NotMeasured, Window, measure
from gatekeeper.model.bake import Bake, BakeVerdict, Counts, Look, Objective, Schedule
from gatekeeper.model.release import Phase
from gatekeeper.policy.bake import judge
from gatekeeper.release.desk import Desk, now
from gatekeeper.release.series import Series, series_of
from gatekeeper.release.step import Result, Work, done, failed, skipped, waiting

WAITS_FOR_A_PERSON = 5


def act(desk: Desk) -> Result:
    """Look every few seconds until it is decided. A resumed bake goes on where it was; the gap counts as not seen."""
    settings = desk.settings.bake
    if not settings.duration or not settings.objective:
        return skipped("nothing is set to be watched")
    measures = measures_of(settings)
    schedule = schedule_of(settings)
    series = series_of(desk.store.evidence.folder(desk.release_id) / "bake.jsonl", schedule, settings.every, now())
    if series.before is None:
        series.begin(_before(measures, series.began, settings))
    verdict = partial(judge, _objectives(settings), before=series.before or {}, schedule=schedule)
    bake = verdict(series.looks)
    while bake.verdict is BakeVerdict.WATCHING:
        time.sleep(max((series.next_look - now()).total_seconds(), 0))
        series.add(_look(desk, measures, series))
        bake = verdict(series.looks)
        desk.remark("bake", "; ".join(f"{one.objective}: {one.message}" for one in bake.objectives))
    return _result(desk, bake, series)


def measures_of(settings: BakeSettings) -> Mapping[str, Measure]:
    """The measure of each objective, by the objective's name; raises Misconfigured or UnknownMeasure."""
    return {one.name: measure(one.name, one.use, one.options, os.environ) for one in settings.objective}


def schedule_of(settings: BakeSettings) -> Schedule:
    """How many looks fit, at least one."""
    return Schedule(max(round(settings.duration / settings.every), 1), settings.alpha)


def _objectives(settings: BakeSettings) -> tuple[Objective, ...]:
    return tuple(Objective(one.name, one.target, one.minimum) for one in settings.objective)


def _before(measures: Mapping[str, Measure], began: datetime, settings: BakeSettings) -> dict[str, Counts]:
    window = Window(began - settings.baseline, began)
    seen = {name: _read(one, window) for name, one in measures.items() if one.knows_the_past}
    return {name: counts for name, counts in seen.items() if counts is not None}


def _look(desk: Desk, measures: Mapping[str, Measure], series: Series) -> Look:
    """Counts since the deploy; a source that only knows the moment has its counts added up."""
    at = now()
    seen: dict[str, Counts | None] = {}
    for name, one in measures.items():
        counts = _read(one, Window(series.began, at), lambda problem: desk.remark("bake", problem))
        if counts is not None and not one.knows_the_past:
            so_far = series.newest(name)
            counts = Counts(so_far.bad + counts.bad, so_far.total + counts.total)
        seen[name] = counts
    return Look(at - series.began, seen)


def _read(one: Measure, window: Window, tell: Callable[[str], None] = lambda problem: None) -> Counts | None:
    try:
        return one.read(window)
    except NotMeasured as problem:
        tell(str(problem))
        return None


def _result(desk: Desk, bake: Bake, series: Series) -> Result:
    told = "; ".join(f"{one.objective}: {one.message}" for one in bake.objectives)
    report = {
        "verdict": bake.verdict.value,
        "began": series.began.isoformat(),
        "looks": len(series.looks),
        "shadow": desk.settings.bake.shadow,
        "objectives": [
            {"name": one.objective, "verdict": one.verdict.value, "p_value": one.surprise, "message": one.message}
            for one in bake.objectives
        ],
        "series": series.as_json(),
    }
    evidence = desk.keep("bake", report, verdict=bake.verdict.value, summary=told)
    if desk.settings.bake.shadow:
        return done(
            f"only watched (shadow); it would have said {bake.verdict.value}: {told}", evidence=(evidence.name,)
        )
    if bake.verdict is BakeVerdict.FAILED:
        return failed(told, evidence=(evidence.name,), first_failure=now().isoformat())
    if bake.verdict is BakeVerdict.INCONCLUSIVE:
        return waiting(told, WAITS_FOR_A_PERSON, evidence=(evidence.name,))
    return done(told, evidence=(evidence.name,))


WORK = Work("bake", Phase.BAKE, act)
