"""`gatekeeper check`: lint and verify of what changed, before a merge and on a pull request."""

import json
from pathlib import Path

import click

from gatekeeper import __version__
from gatekeeper.cli._proved import proved
from gatekeeper.cli.shared import Invocation, command, history_of, linted


@command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--since", metavar="REV", help="Only the migrations that changed since this Git revision.")
@click.option("--staging", metavar="URL", help="The server to use; the embedded PostgreSQL where none is configured.")
def check(invocation: Invocation, paths: tuple[Path, ...], since: str | None, staging: str | None) -> int:
    """Lint the migrations in PATHS and prove their rollbacks: what to run before merging a migration.

    Exits 0 when both have nothing against it, 1 when one has, 3 when it could not be told.
    """
    from gatekeeper.model.proof import ProofVerdict
    from gatekeeper.report.proof_json import as_json
    from gatekeeper.report.proofs import as_text
    from migrations_lint.model import Severity
    from migrations_lint.reporters import reporters

    history = history_of(invocation, paths, since)
    report = linted(history, invocation.settings.lint, since)
    text = reporters()[invocation.format].render(report, tool=f"gatekeeper {__version__}")
    if not invocation.wants_json:
        click.echo(text + "\n")
    proofs = proved(invocation, history, staging)
    threshold = Severity(invocation.settings.lint.fail_on)
    seen = any(harm.severity.rank >= threshold.rank for proof in proofs.proofs for harm in proof.harms)
    refused = report.reaches(threshold) or seen
    refuted = proofs.count(ProofVerdict.REFUTED) + proofs.count(ProofVerdict.FAILED) > 0
    verdict = "fail" if refused or refuted else "unknown" if report.problems else "pass"
    if invocation.wants_json:
        answer = {"version": 1, "verdict": verdict, "lint": json.loads(text), "verify": as_json(proofs)}
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        click.echo(as_text(proofs))
    return {"pass": 0, "fail": 1, "unknown": 3}[verdict]
