"""Migrate: the release's migrations under guard; what the database has afterwards."""

import json
from dataclasses import asdict, replace

from gatekeeper.apply.migrate import Listener, migrate
from gatekeeper.apply.refusals import MigrationFailed
from gatekeeper.apply.terms import budget_of, terms_of
from gatekeeper.errors import GaveWay
from gatekeeper.model.release import Phase
from gatekeeper.policy.undo import SchemaState
from gatekeeper.release.desk import Desk
from gatekeeper.release.history import pending, project_history, target_of
from gatekeeper.release.step import Result, Work, done, failed, skipped, waiting


def act(desk: Desk) -> Result:
    """Apply what is pending. Giving way is no failure: the release waits, and resuming it tries again."""
    release, settings = desk.release, desk.settings
    if not release.migrations:
        return skipped("the release has no migration", schema=SchemaState.UNTOUCHED.value)
    ids = {migration.id for migration in release.migrations}
    left = {migration.id for migration in pending(settings)} - ids  # written after this release began: not part of it
    history = [migration for migration in project_history(settings).migrations if migration.id not in left]
    budget = budget_of(settings.migrate)
    terms = replace(terms_of(settings.migrate), fence=desk.lease.fence)
    listener = Listener(
        begins=lambda one: desk.remark("migrate", one.id), waits=lambda told: desk.remark("migrate", told)
    )
    try:
        report = migrate(target_of(settings), history, budget, terms=terms, listener=listener)
    except GaveWay as gave_way:
        return waiting(str(gave_way), gave_way.exit_code)
    except MigrationFailed as refused:
        return failed(str(refused), schema=_after_failure(desk).value, applied=list(_applied(desk)))
    told = "; ".join(
        f"{one.id} in {one.seconds:.2f} s, {one.tries} {'try' if one.tries == 1 else 'tries'}, "
        f"{one.stall.sessions} sessions waited"
        for one in report.applied
    )
    evidence = desk.keep("migrate", json.loads(json.dumps(asdict(report), default=str)), verdict="pass", summary=told)
    return _in_place(desk, told or "already in place", (evidence.name,))


def observe(desk: Desk) -> Result | None:
    """After a crash: done where the database has all of them."""
    if set(_applied(desk)) == {migration.id for migration in desk.release.migrations}:
        return _in_place(desk, "already in place", ())
    return None


def _in_place(desk: Desk, told: str, evidence: tuple[str, ...]) -> Result:
    return done(told, evidence=evidence, schema=SchemaState.APPLIED.value, applied=list(_applied(desk)))


def _applied(desk: Desk) -> tuple[str, ...]:
    left = {migration.id for migration in pending(desk.settings)}
    return tuple(migration.id for migration in desk.release.migrations if migration.id not in left)


def _after_failure(desk: Desk) -> SchemaState:
    """Clean where nothing of the release stands and every script was one transaction."""
    ids = {migration.id for migration in desk.release.migrations}
    whole = all(m.in_transaction for m in project_history(desk.settings).migrations if m.id in ids)
    return SchemaState.FAILED_CLEAN if whole and not _applied(desk) else SchemaState.PARTIAL


WORK = Work("migrate", Phase.MIGRATE, act, observe)
