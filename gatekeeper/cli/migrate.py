"""`gatekeeper migrate`: apply pending migrations, and never make anyone wait longer than the budget."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli._native_tool import run_native
from gatekeeper.cli.shared import Invocation, command, history_of, target_of
from gatekeeper.errors import GaveWay
from gatekeeper.report.migrating import (
    gave_way_as_json,
    plan_as_json,
    plan_in_words,
    report_as_json,
    report_in_words,
    try_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.status import Status

    from gatekeeper.apply.backoff import Budget
    from gatekeeper.apply.terms import Terms
    from gatekeeper.model.applied import Attempt, MigrateReport
    from migrations_lint.history import History
    from migrations_lint.model import Migration

_SHOWN_EVERY_SECONDS = 10.0


@command()
@click.argument("paths", nargs=-1)
@click.option("--url", metavar="URL", help="The target database, by a direct connection.")
@click.option("--max-stall", metavar="TIME", help="The longest anyone may wait because of one try, such as 500ms.")
@click.option("--max-total-stall", metavar="TIME", help="The longest all tries together may keep others waiting.")
@click.option("--give-up-after", metavar="TIME", help="How long it goes on trying before it gives way.")
@click.option(
    "--cancel-blockers",
    metavar="ROLE=TIME",
    multiple=True,
    help="End sessions of that role that are in the way and have been idle in a transaction for that long.",
)
@click.option("--plan", is_flag=True, help="Say what would run and what it would lock, and change nothing.")
@click.option(
    "--exec", "native", is_flag=True, help="Run your own tool under guard: --exec -- npx prisma migrate deploy."
)
def migrate(
    invocation: Invocation,
    paths: tuple[str, ...],
    url: str | None,
    max_stall: str | None,
    max_total_stall: str | None,
    give_up_after: str | None,
    cancel_blockers: tuple[str, ...],
    plan: bool,
    native: bool,
) -> int:
    """Apply the pending migrations in PATHS to the target database, giving way to everyone else.

    Exits 0 when all are in place, 1 when the server refused one, 3 when the database cannot be reached, 4 when it gave
    way: the locks were not to be had within the budget, and nothing of that migration was changed.
    """
    target = target_of(invocation, url)
    budget = _budget(invocation, max_stall, max_total_stall, give_up_after)
    terms = _terms(invocation, cancel_blockers)
    if native:
        return run_native(invocation, target, budget, paths)
    history = history_of(invocation, tuple(map(Path, paths)))
    if plan:
        from gatekeeper.apply.plan import plan as look

        told = look(target, history.migrations, terms)
        click.echo(_json(plan_as_json(told)) if invocation.wants_json else plan_in_words(told))
        return 0
    report = _apply(invocation, target, history, budget, terms)
    click.echo(_json(report_as_json(report)) if invocation.wants_json else report_in_words(report))
    return 0


def _apply(
    invocation: Invocation, target: str, history: "History", budget: "Budget", terms: "Terms"
) -> "MigrateReport":
    from gatekeeper.apply.migrate import Listener
    from gatekeeper.apply.migrate import migrate as apply

    attempts: list[Attempt] = []
    with invocation.err.status("Connecting …") as status:

        def begins(migration: "Migration") -> None:
            status.update(f"{migration.id}  {migration.title}")

        def waits(line: str) -> None:
            invocation.err.print(line, markup=False)

        def tried(attempt: "Attempt") -> None:
            attempts.append(attempt)
            if attempt.number > 1 or attempt.outcome != "committed":
                invocation.err.print(try_in_words(attempt), markup=False)

        listener = Listener(begins, waits, tried, _shows(invocation, status))
        try:
            return apply(target, history.migrations, budget, terms=terms, listener=listener)
        except GaveWay as gave_way:
            if invocation.wants_json:
                click.echo(_json(gave_way_as_json(gave_way, attempts)))
            raise


def _shows(invocation: Invocation, status: "Status") -> "Callable[[str], None]":
    """On a terminal how far it is stands in one line; elsewhere a line is enough now and then."""
    last = time.monotonic()

    def shows(line: str) -> None:
        nonlocal last
        if invocation.err.is_terminal:
            status.update(line)
        elif time.monotonic() - last >= _SHOWN_EVERY_SECONDS:
            last = time.monotonic()
            invocation.err.print(line, markup=False)

    return shows


def _budget(
    invocation: Invocation, max_stall: str | None, max_total_stall: str | None, give_up_after: str | None
) -> "Budget":
    from gatekeeper.apply.terms import budget_of

    budget = budget_of(invocation.settings.migrate)
    if max_stall:
        budget = replace(budget, max_stall=_duration(max_stall, "--max-stall").total_seconds())
    if max_total_stall:
        budget = replace(budget, max_total_stall=_duration(max_total_stall, "--max-total-stall").total_seconds())
    if give_up_after:
        budget = replace(budget, give_up_after=_duration(give_up_after, "--give-up-after").total_seconds())
    return budget


def _terms(invocation: Invocation, cancel_blockers: tuple[str, ...]) -> "Terms":
    from gatekeeper.apply.terms import terms_of

    terms = terms_of(invocation.settings.migrate)
    named = dict(terms.cancel)
    for one in cancel_blockers:
        role, _, idle = one.partition("=")
        named[role] = _duration(idle, "--cancel-blockers").total_seconds()
    return replace(terms, cancel=named)


def _duration(text: str, option: str) -> timedelta:
    from gatekeeper.config.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, indent=2)
