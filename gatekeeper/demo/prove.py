"""The chapters before the deploy: a migration that would block is caught, its safe form proven, a rollback refuted."""

import shutil
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

from gatekeeper.demo.chapter import StoryBroken, Told
from gatekeeper.model.proof import DifferenceClass, ProofVerdict, RollbackProof
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.server import staging_server
from migrations_lint.api import lint_history
from migrations_lint.history import read_history
from migrations_lint.model import Finding, Severity

_UNSAFE = "0006_find_patients_by_phone.py"
_EXPECTED = {"index-build-blocks-writes", "not-null-scan-blocks-reads"}
_LOSING = "0006_longer_phone_numbers.py"


def unsafe_migration(folder: Path) -> Told:
    """Lint the unsafe revision; it has to be refused."""
    history = _history(folder / "unsafe", _UNSAFE)
    path = history / "versions" / _UNSAFE
    report = lint_history(read_history([path]))
    errors = [finding for finding in report.standing() if finding.severity is Severity.ERROR]
    if not {finding.rule for finding in errors} >= _EXPECTED:
        raise StoryBroken(f"the unsafe migration should be refused for {', '.join(sorted(_EXPECTED))}")
    return Told(tuple(_as_line(finding) for finding in errors), f"gatekeeper lint {path}")


def safe_migration(folder: Path) -> Told:
    """Lint and prove the safe revisions; both have to pass."""
    history = _history(folder / "safe", "fixed")
    read = read_history([history])
    errors = [finding for finding in lint_history(read).standing() if finding.severity is Severity.ERROR]
    new = [migration for migration in read.migrations if migration.id > "0005"]
    with staging_server() as server:
        report = prove(read.migrations, server, selected={migration.path for migration in new})
    if errors or any(proof.verdict is not ProofVerdict.PROVEN for proof in report.proofs):
        raise StoryBroken("the safe migrations should have no error and a proven way back")
    lines = (
        "no lock that stops anyone",
        *(
            f"{proof.id}: up, down and up again on PostgreSQL {report.server_version}: proven"
            for proof in report.proofs
        ),
    )
    return Told(lines, f"gatekeeper check {history}")


def losing_rollback(folder: Path) -> Told:
    """Prove the revision whose way down loses data; it has to be refuted."""
    history = _history(folder / "losing", _LOSING)
    path = history / "versions" / _LOSING
    read = read_history([path])
    with staging_server() as server:
        report = prove(read.migrations, server, selected=read.selected)
    (proof,) = report.proofs
    if proof.verdict is not ProofVerdict.REFUTED:
        raise StoryBroken(f"the losing way down should be refuted, and is {proof.verdict.value}")
    return Told(tuple(_why(proof)), f"gatekeeper verify {path}")


def _history(folder: Path, addition: str) -> Path:
    """A copy of the clinic's history with one more revision (or a folder of them) on top."""
    shutil.rmtree(folder, ignore_errors=True)
    with as_file(files("gatekeeper.demo")) as demo:
        shutil.copytree(demo / "clinic" / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
        added = demo / "story" / addition
        for revision in sorted(added.glob("*.py")) if added.is_dir() else [added]:
            shutil.copy(revision, folder / "versions")
    return folder


def _as_line(finding: Finding) -> str:
    return f"{finding.path.name}:{finding.begins.line}: {finding.message}"


def _why(proof: RollbackProof) -> Iterator[str]:
    yield f"{proof.id}: up ran, down ran, and the database is not what it was: {proof.verdict.value}"
    for difference in proof.data_differences:
        yield difference.message
    for schema in proof.schema_differences:
        what = (
            "in another order: the columns of"
            if schema.difference is DifferenceClass.ORDER
            else schema.difference.value
        )
        yield f"{what} {schema.kind} {schema.name}"
