"""`gatekeeper release`: the whole pipeline, durable."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command, write_answer
from gatekeeper.config.durations import parse_duration

if TYPE_CHECKING:
    from gatekeeper.model.release import ReleaseRecord
    from gatekeeper.release.desk import Listener
    from gatekeeper.release.run import Ending
    from gatekeeper.report.dora import Delivery
    from gatekeeper.store.open import Store


@click.group()
def release() -> None:
    """Lint, prove, gate, migrate, deploy, check, and roll back what turns out bad.

    Exit codes: 0 released, 1 stopped or rolled back, 3 could not, 4 gave way, 5 waits for a person.
    """


def _span(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return parse_duration(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


@release.add_command
@command()
@click.option("--version", "version_", required=True, help="The version to put live.")
@click.option("--previous", help="The version that serves now, where the provider cannot say it.")
@click.option("--commit", help="The commit it was built from [HEAD].")
@click.option("--again", default="", metavar="REASON", help="Why a version that was rolled back here works now.")
@click.option("--wait", callback=_span, metavar="SPAN", help="Wait this long for approvals, such as 30min.")
def start(
    invocation: Invocation, version_: str, previous: str | None, commit: str | None, again: str, wait: timedelta | None
) -> int:
    """Begin a release and follow it to its end, or to its gate."""
    from gatekeeper.release import conduct, records
    from gatekeeper.release.identity import who_am_i
    from gatekeeper.release.intake import intake

    settings = invocation.settings
    with records.the_store(settings) as store:
        begun = intake(settings, version=version_, previous=previous, commit=commit, starter=who_am_i())
        ending = conduct.start(settings, store, begun, _listener(invocation), again=again)
        if wait and conduct.waits_at_gate(ending) and conduct.gate_answers(settings, store, begun.id, within=wait):
            ending = conduct.resume(settings, store, begun.id, _listener(invocation))
        return _told(invocation, store, begun.id, ending)


@release.add_command
@command()
@click.argument("release_id", metavar="ID")
def resume(invocation: Invocation, release_id: str) -> int:
    """Go on with a release that waits, holds, or was killed."""
    from gatekeeper.release import conduct, records

    settings = invocation.settings
    with records.the_store(settings) as store:
        ending = conduct.resume(settings, store, release_id, _listener(invocation))
        return _told(invocation, store, release_id, ending)


@release.add_command
@command()
@click.argument("release_id", metavar="ID")
def rollback(invocation: Invocation, release_id: str) -> int:
    """Take the newest release back, as the decision table allows.

    Exits 1 when the previous version serves again, for the release has then been rolled back.
    """
    from gatekeeper.release import conduct, records

    settings = invocation.settings
    with records.the_store(settings) as store:
        ending = conduct.roll_back(settings, store, release_id, _listener(invocation))
        return _told(invocation, store, release_id, ending)


@release.add_command
@command()
@click.argument("release_id", metavar="ID")
def reconcile(invocation: Invocation, release_id: str) -> int:
    """Bring a release that was killed to its proper end; one that waits or has ended is left alone.

    Meant for the last job of a CI workflow, which runs whatever happened before it.
    """
    from gatekeeper.release import conduct, records

    settings = invocation.settings
    with records.the_store(settings) as store:
        if not conduct.is_open_ended(records.record_of(store, release_id)):
            return _told(invocation, store, release_id, None)
        ending = conduct.resume(settings, store, release_id, _listener(invocation))
        return _told(invocation, store, release_id, ending)


@release.add_command
@command()
@click.argument("release_id", metavar="ID")
def abort(invocation: Invocation, release_id: str) -> int:
    """End a release that has not touched production yet."""
    from gatekeeper.release import conduct, records

    settings = invocation.settings
    with records.the_store(settings) as store:
        conduct.abort(settings, store, release_id)
        return _told(invocation, store, release_id, None)


@release.add_command
@command()
@click.argument("release_id", metavar="[ID]", required=False)
def status(invocation: Invocation, release_id: str | None) -> int:
    """Show the timeline of a release, or the list of the last ones."""
    from gatekeeper.release import records
    from gatekeeper.report.timeline import headline

    with records.the_store(invocation.settings) as store:
        if release_id is not None:
            return _told(invocation, store, release_id, None)
        known = [records.record_of(store, one.id) for one in store.releases.newest()]
        if invocation.wants_json:
            click.echo(json.dumps([_as_json(invocation, store, one) for one in known], indent=2))
            return 0
        for one in known:
            invocation.out.print(f"{one.release.id}  {headline(one)}", markup=False)
        if not known:
            invocation.out.print("no release yet; `gatekeeper release start --version V` begins one")
        return 0


@release.add_command
@command()
@click.argument("release_id", metavar="[ID]", required=False)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the page to this file.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3650), help="Without ID: how far back.")
def report(invocation: Invocation, release_id: str | None, output: Path | None, days: int) -> int:
    """Write a release's page, one file that opens offline; without ID, how this service delivers (DORA's figures)."""
    from gatekeeper.release import records, reporting

    settings = invocation.settings
    with records.the_store(settings) as store:
        if release_id is not None:
            record = records.record_of(store, release_id)
            if output is None:
                click.echo(reporting.leave_pages(store, record))
            else:
                write_answer(reporting.release_html(store, record), output)
            return 0
        figures, counted = reporting.delivered(settings, store, timedelta(days=days))
        if output is not None:
            write_answer(reporting.delivered_html(settings, figures, counted), output)
        elif invocation.wants_json:
            click.echo(json.dumps(figures.as_json(), indent=2))
        else:
            _show_delivery(invocation, figures)
        return 0


def _show_delivery(invocation: Invocation, figures: "Delivery") -> None:
    from gatekeeper.report.timeline import show_seconds

    rate = figures.change_fail_rate
    lead, recovery = figures.lead_time, figures.recovery
    for name, value in (
        ("deployments", f"{figures.deployments}, {figures.per_week:.1f} a week"),
        ("commit to released", show_seconds(lead.total_seconds()) if lead else "not measured"),
        ("failed", f"{figures.failed} ({rate:.1%})" if rate is not None else "nothing was deployed"),
        ("recovery", show_seconds(recovery.total_seconds()) if recovery else "not measured"),
    ):
        invocation.out.print(f"{name:<20}{value}", markup=False)


def _told(invocation: Invocation, store: "Store", release_id: str, ending: "Ending | None") -> int:
    """Print where the release stands; the exit code is that of its ending, 0 where nothing was run."""
    from gatekeeper.release.records import record_of
    from gatekeeper.report.terminal import timeline

    record = record_of(store, release_id)
    if invocation.wants_json:
        click.echo(json.dumps(_as_json(invocation, store, record), indent=2))
    else:
        invocation.out.print(timeline(record))
    return ending.exit_code if ending else 0


def _as_json(invocation: Invocation, store: "Store", record: "ReleaseRecord") -> dict[str, object]:
    from gatekeeper.release.at_gate import waits_for
    from gatekeeper.report.status import as_json

    return as_json(record, waits_for(invocation.settings, store, record))


def _listener(invocation: Invocation) -> "Listener":
    from gatekeeper.report.terminal import Progress

    return Progress(invocation.err)
