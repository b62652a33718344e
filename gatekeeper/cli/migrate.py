"""`gatekeeper migrate`: apply pending migrations, and never make anyone wait longer than the budget."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.native_tool import run_native
from gatekeeper.cli.shared import Invocation, command, history_of, target_of

if TYPE_CHECKING:
    from gatekeeper.apply.backoff import Budget
    from gatekeeper.model.applied import MigrateReport
    from migrations_lint.model import Migration


@command()
@click.argument("paths", nargs=-1)
@click.option("--url", metavar="URL", help="The target database, by a direct connection.")
@click.option("--max-stall", metavar="TIME", help="The longest anyone may wait because of us, such as 500ms.")
@click.option("--plan", is_flag=True, help="Say what would run, and change nothing.")
@click.option(
    "--exec", "native", is_flag=True, help="Run your own tool under guard: --exec -- npx prisma migrate deploy."
)
def migrate(
    invocation: Invocation, paths: tuple[str, ...], url: str | None, max_stall: str | None, plan: bool, native: bool
) -> int:
    """Apply the pending migrations in PATHS to the target database, giving way to everyone else.

    Exits 0 when all are in place, 1 when the server refused one, 3 when the database cannot be reached, 4 when it gave
    way: the locks were not to be had within the budget, and nothing of that migration was changed.
    """
    from gatekeeper.apply.migrate import Listener, pending
    from gatekeeper.apply.migrate import migrate as apply
    from gatekeeper.apply.terms import Terms
    from gatekeeper.model.applied import MigrateReport

    target, budget = target_of(invocation, url), _budget(invocation, max_stall)
    if native:
        return run_native(invocation, target, budget, paths)
    history = history_of(invocation, tuple(map(Path, paths)))
    if plan:
        due = pending(target, history.migrations)
        report = MigrateReport((), tuple(migration.id for migration in due))
    else:
        with invocation.err.status("Connecting …") as status:

            def progress(migration: "Migration") -> None:
                status.update(f"{migration.id}  {migration.title}")

            listener = Listener(progress, lambda line: status.update(line))
            terms = Terms(max_replica_lag=invocation.settings.migrate.max_replica_lag.total_seconds())
            report = apply(target, history.migrations, budget, terms=terms, listener=listener)
    click.echo(json.dumps(_as_json(report, plan), indent=2) if invocation.wants_json else _as_text(report, plan))
    return 0


def _budget(invocation: Invocation, max_stall: str | None) -> "Budget":
    from gatekeeper.apply.backoff import Budget
    from gatekeeper.config.durations import parse_duration

    settings = invocation.settings.migrate
    try:
        stall = parse_duration(max_stall) if max_stall else settings.max_stall
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--max-stall") from error
    return Budget(stall.total_seconds(), settings.give_up_after.total_seconds())


def _as_json(report: "MigrateReport", plan: bool) -> dict[str, object]:
    applied = [
        {
            "id": one.id,
            "path": str(one.path),
            "seconds": round(one.seconds, 3),
            "tries": one.tries,
            "stalled_sessions": one.stall.sessions,
            "worst_stall_seconds": round(one.stall.worst_seconds, 3),
        }
        for one in report.applied
    ]
    return {"version": 1, "plan": plan, "applied": applied, "pending": list(report.pending)}


def _as_text(report: "MigrateReport", plan: bool) -> str:
    if plan:
        return "\n".join(["would apply:", *report.pending]) if report.pending else "nothing is pending"
    lines = [
        f"applied {one.id} in {one.seconds:.2f} s, {one.tries} {'try' if one.tries == 1 else 'tries'}; "
        f"{one.stall.sessions} sessions waited for us, the longest {one.stall.worst_seconds * 1000:.0f} ms"
        for one in report.applied
    ]
    return "\n".join(lines) or "nothing is pending"
