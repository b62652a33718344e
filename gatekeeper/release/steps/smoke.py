"""Smoke: does the new version work, asked from outside?"""

from gatekeeper.model.release import Phase
from gatekeeper.release.asking import ask, summary
from gatekeeper.release.desk import Desk
from gatekeeper.release.step import Result, Work, done, failed, waiting
from smoke.model import Verdict

WAITS_FOR_A_PERSON = 5


def act(desk: Desk) -> Result:
    """Ask once. After a crash it is simply asked again; an inconclusive answer waits for a person."""
    report, evidence, facts = ask(desk, "smoke")
    said = summary(report.outcomes)
    if report.verdict.is_good:
        return done(said, evidence=(evidence.name,), **facts)
    if report.verdict is Verdict.INCONCLUSIVE:
        return waiting(said, WAITS_FOR_A_PERSON, evidence=(evidence.name,), **facts)
    return failed(said, evidence=(evidence.name,), **facts)


WORK = Work("smoke", Phase.SMOKE, act)
