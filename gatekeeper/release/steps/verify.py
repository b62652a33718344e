"""Verify: up, down and up again on staging; what the decision table may rely on later."""

from gatekeeper.model.proof import ProofVerdict, VerifyReport
from gatekeeper.model.release import Phase
from gatekeeper.policy.undo import Answer
from gatekeeper.release.desk import Desk
from gatekeeper.release.history import project_history, target_of
from gatekeeper.release.step import Result, Work, done, failed, skipped
from gatekeeper.release.way_down import as_facts, way_down_of
from gatekeeper.report.proof_json import as_json
from gatekeeper.staging.base import base_of
from gatekeeper.staging.estimate import with_estimates
from gatekeeper.staging.judge import tolerating
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.server import server_for
from gatekeeper.staging.snapshot import pull
from migrations_lint.model import Migration

_REFUSED = (ProofVerdict.REFUTED, ProofVerdict.FAILED)


def act(desk: Desk) -> Result:
    """Prove the release's migrations on top of the history; a refuted way back stops the release."""
    release, settings = desk.release, desk.settings.staging
    if not release.migrations:
        return skipped("the release has no migration")
    history = project_history(desk.settings).migrations
    ids = {migration.id for migration in release.migrations}

    def progress(number: int, of: int, migration: Migration) -> None:
        desk.remark("verify", f"{number + 1} of {of}: {migration.id}")

    choice = server_for(history, settings, version=desk.settings.lint.server_version)
    base = None
    with choice.start() as server:
        if settings.base is not None:
            base = base_of(settings.base.get_secret_value(), history, settings.base_rows, server.version)
        report = prove(
            history,
            server,
            selected={migration.path for migration in history if migration.id in ids},
            statement_timeout=settings.statement_timeout,
            progress=progress,
            base=base,
        )
    production = pull(target_of(desk.settings)).schema
    report = with_estimates(report, history, choice, production, desk.settings.lint, settings.statement_timeout)
    report = tolerating(report, desk.settings.verify.tolerate)
    bad = any(report.count(verdict) for verdict in _REFUSED)
    told = _told(report)
    evidence = desk.keep("verify", as_json(report), verdict="fail" if bad else "pass", summary=told)
    is_whole = {proof.id for proof in report.proofs} == ids  # a base that has them already leaves them out
    restored = is_whole and all(proof.verdict in {ProofVerdict.PROVEN, ProofVerdict.LOSSY} for proof in report.proofs)
    lossless = restored and not any(proof.loss for proof in report.proofs)
    return (failed if bad else done)(
        told,
        evidence=(evidence.name,),
        down=(Answer.PROVEN if restored else Answer.DISPROVEN if is_whole else Answer.UNKNOWN).value,
        # Where something could be lost, only a witness on production can tell whether it is.
        nothing_lost=(Answer.PROVEN if lossless else Answer.UNKNOWN).value,
        way_down=as_facts(way_down_of(report)),
    )


def _told(report: VerifyReport) -> str:
    counts = [f"{number} {verdict.value}" for verdict in ProofVerdict if (number := report.count(verdict))]
    named = [f"{proof.id} {proof.verdict.value}" for proof in report.proofs if proof.verdict in _REFUSED]
    return ", ".join(counts) + (f" ({', '.join(named)})" if named else "")


WORK = Work("verify", Phase.VERIFY, act)
