"""What `verify` and `check` share: a history proven, with progress on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.cli.shared import Invocation

if TYPE_CHECKING:
    from gatekeeper.model.proof import VerifyReport
    from gatekeeper.staging.rollback_proof import Progress
    from migrations_lint.history import History
    from migrations_lint.model import Migration


def proved(
    invocation: Invocation,
    history: "History",
    staging: str | None,
    *,
    everything: bool = False,
    snapshot: Path | None = None,
    traffic: bool = False,
) -> "VerifyReport":
    """Prove the selected migrations on the server that the option, the settings or nobody names, with live progress.

    With a snapshot of production, by the option or the settings, it also says how long others would wait there; with
    `traffic`, how long visitors of the touched tables did wait here. Raises
    StagingUnreachable, MissingGrant or ExtensionMissing where the server will not do, UnreadableSnapshot.
    """
    from gatekeeper.staging.agreement import with_disagreements
    from gatekeeper.staging.estimate import with_estimates
    from gatekeeper.staging.judge import tolerating
    from gatekeeper.staging.observed import with_harms
    from gatekeeper.staging.remembered import prove_what_is_new
    from gatekeeper.staging.server import server_for
    from gatekeeper.staging.traffic import with_traffic
    from migrations_lint.api import production_of
    from migrations_lint.engine import lint

    settings, linter = invocation.settings.staging, invocation.settings.lint
    selected = None if everything else history.selected
    choice = server_for(history.migrations, settings, version=linter.server_version, named=staging)
    production = production_of(replace(linter, snapshot=str(snapshot)) if snapshot else linter)
    base = None
    if settings.base is not None:
        from gatekeeper.staging.base import base_of

        base = base_of(settings.base.get_secret_value(), history.migrations, settings.base_rows, linter.server_version)
    with _progress(invocation) as progress:
        report = prove_what_is_new(
            history.migrations,
            choice,
            settings.cache,
            selected=selected,
            statement_timeout=settings.statement_timeout,
            progress=progress,
            base=base,
        )
    if production is not None:
        limit = settings.statement_timeout
        with invocation.err.status("Measuring on more rows …"):
            report = with_estimates(report, history.migrations, choice, production, linter, limit)
    if traffic:
        with invocation.err.status("Running among visitors …"):
            report = with_traffic(report, history.migrations, choice, settings.statement_timeout)
    report = tolerating(report, invocation.settings.verify.tolerate)
    same_version = replace(linter, server_version=report.server_version)
    ask = partial(lint, history.migrations, same_version, production, selected=selected)
    first = ask()
    return with_harms(with_disagreements(report, first.migrations), first, lambda seen: ask(observed=seen))


def with_previous(
    invocation: Invocation, history: "History", report: "VerifyReport", version: str, staging: str | None
) -> "VerifyReport":
    """The report with what that version does on the schema that the selected migrations make.

    Raises ConfigError where `[staging.app]` does not say how to start it.
    """
    from gatekeeper.config.load import ConfigError
    from gatekeeper.model.proof import PreviousVersion
    from gatekeeper.staging.old_app import Rehearsal, old_app_on_new_schema
    from gatekeeper.staging.server import server_for

    settings = invocation.settings
    if not settings.staging.app.start or not settings.smoke.check:
        raise ConfigError(
            f"nothing says how to start {version}, or what to ask it",
            next_step="Set `start` under [staging.app], and add a [[smoke.check]].",
        )
    folder = settings.staging.cache.parent / "rehearsal"
    rehearsal = Rehearsal(version, settings.staging.app, settings.smoke, folder, settings.staging.statement_timeout)
    version_there = settings.lint.server_version
    choice = server_for(history.migrations, settings.staging, version=version_there, named=staging)
    with invocation.err.status(f"Asking {version} …"), choice.start() as server:
        new = {proof.path for proof in report.proofs}
        app = old_app_on_new_schema(server, history.migrations, new, rehearsal)
    return replace(report, previous=PreviousVersion(app.version, app.works.value, app.told))


@contextmanager
def _progress(invocation: Invocation) -> "Iterator[Progress]":
    """A bar on a terminal, with the migration that is at work; gone when all is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=invocation.err, transient=True) as bar:
        task = bar.add_task("starting the server …", total=None)

        def progress(done: int, of: int, migration: "Migration") -> None:
            bar.update(task, completed=done, total=of, description=migration.id)

        yield progress
