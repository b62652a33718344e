"""Lint: what would the migrations of this release lock, rewrite or take away?"""

import json
from dataclasses import replace
from typing import Any

from gatekeeper import __version__
from gatekeeper.model.release import Phase
from gatekeeper.policy.expand import shape_of
from gatekeeper.release.desk import Desk
from gatekeeper.release.history import project_history
from gatekeeper.release.schema_change import facts_of_release
from gatekeeper.release.step import Result, Work, done, failed, skipped
from migrations_lint.api import production_of
from migrations_lint.engine import lint
from migrations_lint.model import Report, Severity
from migrations_lint.reporters import reporters


def act(desk: Desk) -> Result:
    """Lint the migrations that the target does not have yet; the others only tell the schema so far."""
    release, settings = desk.release, desk.settings.lint
    if not release.migrations:
        return skipped("the release has no migration")
    whole = project_history(desk.settings)
    history = whole.migrations
    ids = {migration.id for migration in release.migrations}
    selected = frozenset(migration.path for migration in history if migration.id in ids)
    report = replace(lint(history, settings, production_of(settings), selected=selected), unread=whole.problems)
    shape = shape_of(facts_of_release(history, ids, settings.server_version))
    bad = report.reaches(Severity(settings.fail_on)) or bool(report.problems)
    evidence = desk.keep(
        "lint", _as_json(report), verdict="fail" if bad else "pass", summary=summary(report)
    )  # fmt: skip
    facts = {"expands": shape.expands.value, "removes": list(shape.removes), "rewrites": list(shape.rewrites)}
    facts["tightens"] = list(shape.tightens)
    return (failed if bad else done)(summary(report), evidence=(evidence.name,), **facts)


def summary(report: Report) -> str:
    """What was found, with the first findings in words."""
    standing = report.standing()
    if not standing and not report.problems:
        return f"nothing found in {len(report.migrations)} migrations"
    told = [f"{problem.path}:{problem.line}: {problem.message}" for problem in report.problems]
    told += [f"{f.path}:{f.begins.line}: {f.severity.value}: {f.message} ({f.rule})" for f in standing]
    more = f"; and {len(told) - 3} more in the report" if len(told) > 3 else ""
    return "; ".join(told[:3]) + more


def _as_json(report: Report) -> Any:
    return json.loads(reporters()["json"].render(report, tool=f"gatekeeper {__version__}"))


WORK = Work("lint", Phase.LINT, act)
