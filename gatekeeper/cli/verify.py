"""`gatekeeper verify`: does each way down really lead back?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli._proved import proved, with_previous
from gatekeeper.cli.shared import Invocation, command, database_named, history_of, write_answer

if TYPE_CHECKING:
    from gatekeeper.model.proof import VerifyReport


@command(formats=("text", "json", "junit", "markdown"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--since", metavar="REV", help="Prove only the migrations that changed since this Git revision.")
@click.option("--all", "everything", is_flag=True, help="Prove the whole history that the PATHS belong to.")
@click.option("--staging", metavar="URL", help="The server to use; the embedded PostgreSQL where none is configured.")
@click.option(
    "--witness", metavar="URL", help="Count on this live database (or `target`) what the ways down would destroy now."
)
@click.option(
    "--previous", metavar="VERSION", help="Also start this version (`[staging.app]`) and ask it on the new schema."
)
@click.option("--traffic", is_flag=True, help="Run each once more among visitors of its tables: how long do they wait?")
@click.option(
    "--drift", metavar="URL", help="Compare this live database (or `target`, `staging`) with the history instead."
)
@click.option("--models", is_flag=True, help="Compare the application's models with the history instead.")
@click.option(
    "--snapshot",
    type=click.Path(path_type=Path),
    help="Production's sizes (`gatekeeper stats pull`): say how long others would wait there.",
)
@click.option("--timeline", type=click.Path(path_type=Path), help="Draw the locks over time into this SVG file.")
def verify(
    invocation: Invocation,
    paths: tuple[Path, ...],
    since: str | None,
    everything: bool,
    staging: str | None,
    witness: str | None,
    previous: str | None,
    traffic: bool,
    drift: str | None,
    models: bool,
    snapshot: Path | None,
    timeline: Path | None,
) -> int:
    """Run migrations up, down and up again on scratch databases; prove or refute each way back.

    The staging server's own databases are never written to. Exits 0 when no way back was refuted and none failed (what
    a way down would destroy is reported, not refused), 1 when one was, 3 when it could not be told.

    With --witness, 1 also when rows would be destroyed now or stop a way down; with --previous, when that version does
    not work on the new schema; 3 when that is not known. With --drift or --models nothing is proven: they exit 1 when
    the database, as far as its bookkeeping has come, or the models are not what the history builds.
    """
    history = history_of(invocation, paths, since)
    if drift is not None or models:
        from gatekeeper.cli._drifted import drifted

        return drifted(invocation, history, drift, staging, models=models)
    report = proved(invocation, history, staging, everything=everything, snapshot=snapshot, traffic=traffic)
    if witness is not None:
        from gatekeeper.staging.loss_count import with_counts

        limit = invocation.settings.verify.witness_timeout
        report = with_counts(report, database_named(invocation, witness), history.migrations, limit)
    if previous is not None:
        report = with_previous(invocation, history, report, previous, staging)
    if timeline is not None:
        from gatekeeper.report.lock_timeline import as_svg

        write_answer(as_svg(report), timeline)
    click.echo(_rendered(report, invocation.format))
    return _exit_code(report)


def _exit_code(report: "VerifyReport") -> int:
    from gatekeeper.model.proof import ProofVerdict

    counted = [one for proof in report.proofs for one in proof.counted if one.is_due]
    works = report.previous.works if report.previous else "proven"
    refused = report.count(ProofVerdict.REFUTED) + report.count(ProofVerdict.FAILED) > 0
    if refused or works == "disproven" or any(one.rows for one in counted):
        return 1
    return 3 if works == "unknown" or any(one.rows is None for one in counted) else 0


def _rendered(report: "VerifyReport", form: str) -> str:
    from gatekeeper.report.proof_json import as_json
    from gatekeeper.report.proof_pages import as_junit, as_markdown
    from gatekeeper.report.proofs import as_text

    if form == "json":
        return json.dumps(as_json(report), indent=2, ensure_ascii=False)
    return {"text": as_text, "junit": as_junit, "markdown": as_markdown}[form](report)
