"""`gatekeeper verify`: does each way down really lead back?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command, history_of

if TYPE_CHECKING:
    from gatekeeper.model.proof import VerifyReport
    from migrations_lint.history import History
    from migrations_lint.model import Migration


@command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--since", metavar="REV", help="Prove only the migrations that changed since this Git revision.")
@click.option("--all", "everything", is_flag=True, help="Prove the whole history that the PATHS belong to.")
@click.option("--staging", metavar="URL", help="The server to use; the embedded PostgreSQL where none is configured.")
def verify(
    invocation: Invocation, paths: tuple[Path, ...], since: str | None, everything: bool, staging: str | None
) -> int:
    """Run migrations up, down and up again on scratch databases; prove or refute each way back.

    The staging server's own databases are never written to. Exits 0 when no way back was refuted and none failed (what
    a way down would destroy is reported, not refused), 1 when one was, 3 when it could not be told.
    """
    from gatekeeper.model.proof import ProofVerdict
    from gatekeeper.report.proofs import as_json, as_text

    report = proved(invocation, history_of(invocation, paths, since), staging, everything=everything)
    click.echo(json.dumps(as_json(report), indent=2, ensure_ascii=False) if invocation.wants_json else as_text(report))
    return 1 if report.count(ProofVerdict.REFUTED) or report.count(ProofVerdict.FAILED) else 0


def proved(
    invocation: Invocation, history: "History", staging: str | None, *, everything: bool = False
) -> "VerifyReport":
    """Prove the selected migrations on the server that the option, the settings or nobody names, with live progress.

    Raises StagingUnreachable, MissingGrant or ExtensionMissing where the server will not do.
    """
    from gatekeeper.staging.at_hand import extensions_of
    from gatekeeper.staging.judge import tolerating
    from gatekeeper.staging.rollback_proof import prove
    from gatekeeper.staging.server import staging_server

    settings = invocation.settings.staging
    url = staging or (settings.url.get_secret_value() if settings.url else None)
    chosen = staging_server(
        url, version=invocation.settings.lint.server_version, extensions=extensions_of(history.migrations)
    )
    with invocation.err.status("Starting the server …") as status, chosen as server:

        def progress(done: int, of: int, migration: "Migration") -> None:
            status.update(f"{done} of {of}: {migration.id}")

        report = prove(
            history.migrations,
            server,
            selected=None if everything else history.selected,
            statement_timeout=settings.statement_timeout,
            progress=progress,
        )
    return tolerating(report, invocation.settings.verify.tolerate)
