"""Verify the rollback: the same smoke checks, against the version that was restored."""

from gatekeeper.model.release import Phase
from gatekeeper.release.asking import ask, summary
from gatekeeper.release.desk import Desk
from gatekeeper.release.step import Result, Work, done, failed


def act(desk: Desk) -> Result:
    """Only a pass proves it; not knowing is not enough here."""
    report, evidence, facts = ask(desk, "verify rollback")
    told = f"{desk.release.previous}: {summary(report.outcomes)}"
    return (done if report.verdict.is_good else failed)(told, evidence=(evidence.name,), **facts)


WORK = Work("verify rollback", Phase.VERIFY_ROLLBACK, act)
