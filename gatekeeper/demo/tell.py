"""The story that `gatekeeper demo` tells, in chapters that each do the real thing on the clinic's migrations."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from gatekeeper.model.proof import ProofVerdict, RollbackProof
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.server import staging_server
from migrations_lint.api import lint_history
from migrations_lint.history import read_history
from migrations_lint.model import Finding, Severity

_UNSAFE = "0006_find_patients_by_phone.py"
_LOSING = "0006_longer_phone_numbers.py"


class StoryBroken(Exception):
    """A chapter did not end as it should: a defect of ours, never of the reader's machine."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A title, what happened line by line, and the command that shows it again."""

    title: str
    lines: tuple[str, ...]
    again: str
    seconds: float


Tell = Callable[[Path], tuple[tuple[str, ...], str]]


def chapters(folder: Path) -> Iterator[tuple[str, Callable[[], Chapter]]]:
    """The chapters in order: a title to announce, and the work that tells it. `folder` keeps what they leave."""
    tells: tuple[tuple[str, Tell], ...] = (
        ("A developer's migration would block the clinic", unsafe_migration),
        ("The same change, in three steps that block nobody", safe_migration),
        ("A rollback script that looks right, and loses every phone number", losing_rollback),
    )
    for title, tell in tells:
        yield title, lambda title=title, tell=tell: _told(title, tell, folder)  # type: ignore[misc]


def _told(title: str, tell: Tell, folder: Path) -> Chapter:
    started = time.monotonic()
    lines, again = tell(folder)
    return Chapter(title, lines, again, time.monotonic() - started)


def unsafe_migration(folder: Path) -> tuple[tuple[str, ...], str]:
    """Lint the unsafe revision; it has to be refused."""
    history = _history(folder / "unsafe", _UNSAFE)
    path = history / "versions" / _UNSAFE
    report = lint_history(read_history([path]))
    errors = [finding for finding in report.standing() if finding.severity is Severity.ERROR]
    if len(errors) != 2:
        raise StoryBroken(f"the unsafe migration should have two errors, and has {len(errors)}")
    return tuple(_as_line(finding) for finding in errors), f"gatekeeper lint {path}"


def safe_migration(folder: Path) -> tuple[tuple[str, ...], str]:
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
    return lines, f"gatekeeper lint {history}"


def losing_rollback(folder: Path) -> tuple[tuple[str, ...], str]:
    """Prove the revision whose way down loses data; it has to be refuted."""
    history = _history(folder / "losing", _LOSING)
    path = history / "versions" / _LOSING
    read = read_history([path])
    with staging_server() as server:
        report = prove(read.migrations, server, selected=read.selected)
    (proof,) = report.proofs
    if proof.verdict is not ProofVerdict.REFUTED:
        raise StoryBroken(f"the losing way down should be refuted, and is {proof.verdict.value}")
    return tuple(_why(proof)), f"gatekeeper verify {path}"


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
        yield f"{schema.difference.value}: {schema.kind} {schema.name}"
