"""Rehearse: the previous version on the new schema, on staging; so that the way back is known before the gate."""

from gatekeeper.model.release import Phase
from gatekeeper.policy.undo import Answer
from gatekeeper.release.desk import Desk
from gatekeeper.release.history import project_history
from gatekeeper.release.step import Result, Work, done, skipped
from gatekeeper.staging.old_app import Rehearsal, old_app_on_new_schema
from gatekeeper.staging.server import server_for
from smoke.report import as_json


def act(desk: Desk) -> Result:
    """Ask, and go on whatever comes: the answer decides which way back is promised."""
    release, staging = desk.release, desk.settings.staging
    if not staging.app.start:
        return skipped("no [staging.app] says how to start the previous version")
    if not release.migrations or release.previous is None:
        return skipped("the schema stays as it is" if release.previous else "there is no previous version")
    history = project_history(desk.settings).migrations
    ids = {migration.id for migration in release.migrations}
    rehearsal = Rehearsal(
        release.previous,
        staging.app,
        desk.settings.smoke,
        desk.store.evidence.folder(desk.release_id) / "rehearse",
        staging.statement_timeout,
    )
    with server_for(history, staging, version=desk.settings.lint.server_version).start() as server:
        new = {migration.path for migration in history if migration.id in ids}
        app = old_app_on_new_schema(server, history, new, rehearsal)
    told = f"{app.version} on the new schema: {app.told}"
    report = {
        "version": 1,
        "previous": app.version,
        "works": app.works.value,
        "told": app.told,
        "before": as_json(app.before) if app.before else None,
        "after": as_json(app.after) if app.after else None,
    }
    evidence = desk.keep("rehearse", report, verdict=_VERDICTS[app.works], summary=told)
    return done(told, evidence=(evidence.name,), works=app.works.value)


_VERDICTS = {Answer.PROVEN: "pass", Answer.DISPROVEN: "fail", Answer.UNKNOWN: "inconclusive"}

WORK = Work("rehearse", Phase.VERIFY, act)
