"""Smoke of the previous version, which still serves, on the schema that the migration has just made.

This is what proves, on production itself, that rolling back the application alone is enough.
"""

from gatekeeper.model.release import Phase
from gatekeeper.policy.undo import Answer
from gatekeeper.release.asking import ask, summary
from gatekeeper.release.desk import Desk
from gatekeeper.release.step import Result, Work, done, skipped
from smoke.model import Verdict


def act(desk: Desk) -> Result:
    """Ask, and go on whatever comes: the answer decides what a later failure may do."""
    if not desk.facts("migrate").get("applied"):
        return skipped("the schema is as it was")
    if desk.release.previous is None:
        return skipped("there is no previous version", works=Answer.UNKNOWN.value)
    report, evidence, facts = ask(desk, "smoke previous")
    works = _works(report.verdict)
    told = f"{desk.release.previous} on the new schema: {summary(report.outcomes)}"
    return done(told, evidence=(evidence.name,), works=works.value, **facts)


def _works(verdict: Verdict) -> Answer:
    if verdict.is_good:
        return Answer.PROVEN
    return Answer.UNKNOWN if verdict is Verdict.INCONCLUSIVE else Answer.DISPROVEN


WORK = Work("smoke previous", Phase.MIGRATE, act)
