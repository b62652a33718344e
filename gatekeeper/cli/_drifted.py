"""`gatekeeper verify --drift`: is what runs what the history builds?"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, database_named
from gatekeeper.config.load import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.model.drift import Drift
    from gatekeeper.staging.server import Choice
    from migrations_lint.history import History
    from migrations_lint.model import Migration


def drifted(
    invocation: Invocation, history: "History", database: str | None, staging: str | None, *, models: bool
) -> int:
    """Compare, print, and answer with the exit code: 1 where anything differs that is not tolerated.

    Raises DatabaseUnreachable, HistoryDoesNotBuild, or whatever keeps the staging server from running.
    """
    from gatekeeper.report.drift import as_json, as_text

    if invocation.format not in {"text", "json"}:
        raise click.UsageError(f"drift is told as text or json, not as {invocation.format}")
    began = time.monotonic()
    drifts: list[Drift] = []
    with invocation.err.status("Comparing …"):
        if database is not None:
            drifts.append(_of_database(invocation, history.migrations, database, staging))
        if models:
            drifts.append(_of_models(invocation, history.migrations, staging))
    if invocation.wants_json:
        click.echo(json.dumps(as_json(drifts, time.monotonic() - began), indent=2, ensure_ascii=False))
    else:
        click.echo(as_text(drifts))
    return 1 if any(drift.has_drifted for drift in drifts) else 0


def _of_database(invocation: Invocation, history: "Sequence[Migration]", database: str, staging: str | None) -> "Drift":
    from gatekeeper.staging.drift import drift_of, look_at

    settings = invocation.settings
    live = look_at(database_named(invocation, database), history)
    with _server(invocation, history, staging, live.version).start() as server:
        return drift_of(live, history, server, settings.staging.statement_timeout, settings.verify.tolerate)


def _of_models(invocation: Invocation, history: "Sequence[Migration]", staging: str | None) -> "Drift":
    from gatekeeper.staging.models import models_drift
    from gatekeeper.staging.prisma import prisma_drift, prisma_schema_of

    settings = invocation.settings
    limit, tolerate = settings.staging.statement_timeout, settings.verify.tolerate
    name = settings.verify.models or str(prisma_schema_of(history) or "")
    if not name:
        raise ConfigError(
            "there are no models to compare with",
            next_step='Name them with `models` under [verify]: "app.models:Base.metadata", or a Prisma schema\'s path.',
        )
    with _server(invocation, history, staging, settings.lint.server_version).start() as server:
        if ":" in name and not Path(name).exists():
            return models_drift(name, history, server, limit, tolerate)
        return prisma_drift(Path(name), history, server, limit, tolerate)


def _server(
    invocation: Invocation, history: "Sequence[Migration]", staging: str | None, version: int | None
) -> "Choice":
    """The configured staging server, else the one at hand that is most like the database."""
    from gatekeeper.staging.server import server_for

    return server_for(history, invocation.settings.staging, version=version, named=staging)
