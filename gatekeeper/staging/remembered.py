"""Proofs kept by the digest of what they depend on, so that an unchanged history is not run again."""

import contextlib
import hashlib
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from gatekeeper.model.proof import ChainProof, RollbackProof, VerifyReport
from gatekeeper.staging.base import Base
from gatekeeper.staging.rollback_proof import Progress, prove
from gatekeeper.staging.server import Choice
from migrations_lint.model import Migration, Script

T = TypeVar("T")
_HUNG = "57014"


@dataclass(frozen=True, slots=True)
class Digests:
    """What each proof depends on: its scripts, all ways up before it, the server, and this program; and the chain's."""

    proofs: tuple[str, ...]
    chain: str


def digests_of(history: Sequence[Migration], asked: Sequence[bool], server: str) -> Digests:
    """The digests for a history in its order; `server` names all that matters of it, `asked` the proofs wanted."""
    so_far = hashlib.sha256(f"{_this_program()}\0{server}".encode())
    chain = so_far.copy()
    proofs = []
    for migration, wanted in zip(history, asked, strict=True):
        own = so_far.copy()
        own.update("\0".join(_words(migration)).encode(errors="replace"))
        proofs.append(own.hexdigest())
        chain.update(f"{proofs[-1]}{wanted}".encode())
        so_far.update("\0".join(_script(migration.up)).encode(errors="replace"))
    return Digests(tuple(proofs), chain.hexdigest())


@cache
def _this_program() -> str:
    """What makes the proofs, by its text: another version, or one that somebody works on, begins anew."""
    here = Path(__file__).parent
    files = sorted([*here.rglob("*.py"), *(here.parent / "model").glob("*.py")])
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _words(migration: Migration) -> Iterator[str]:
    yield f"{migration.tool} {migration.id} {migration.path}"
    for direction, script in migration.scripts():
        yield direction.value
        yield from _script(script)
    yield from (f"{problem.line} {problem.message}" for problem in migration.problems)


def _script(script: Script) -> Iterator[str]:
    for fragment in script.fragments:
        line = fragment.source.position(fragment.start).line
        yield f"{line} {fragment.in_transaction} {fragment.begins_anew} {fragment.sql}"


class Memory(Generic[T]):
    """One file for each proof in a folder; what cannot be read or written is as if it were not there."""

    def __init__(self, folder: Path, kind: type[T]) -> None:
        self._folder = folder
        self._adapter = TypeAdapter(kind)

    def recall(self, digest: str) -> T | None:
        """What is kept under this digest."""
        with contextlib.suppress(OSError, ValidationError):
            return self._adapter.validate_json((self._folder / f"{digest}.json").read_bytes())
        return None

    def keep(self, digest: str, value: T) -> None:
        """Keep it, if the folder can be written to."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{digest}.json").write_bytes(self._adapter.dump_json(value))


def prove_what_is_new(
    history: Sequence[Migration],
    choice: Choice,
    folder: Path,
    *,
    selected: Collection[Path] | None,
    statement_timeout: timedelta,
    progress: Progress,
    base: Base | None = None,
) -> VerifyReport:
    """Like `prove`, but what an earlier run has found under the same circumstances is not run again.

    What was proven over somebody's rows is not kept, for those will be others. Where nothing is new no server is
    started. Raises what `prove` and the start of the server raise.
    """
    began = time.monotonic()
    proofs, chains = Memory(folder / "proofs", RollbackProof), Memory(folder / "chains", ChainProof)
    asked = [selected is None or migration.path in selected for migration in history]
    if base is not None:
        asked = [
            wanted and migration.path not in base.applied for migration, wanted in zip(history, asked, strict=True)
        ]
    begins = f"{base.sql} {sorted(map(str, base.applied))}" if base is not None else ""
    if base is not None and base.rows:
        begins += secrets.token_hex()
    digests = digests_of(history, asked, f"{choice.identity()} {statement_timeout} {begins}")
    known = {
        migration.path: proof
        for migration, digest, wanted in zip(history, digests.proofs, asked, strict=True)
        if wanted and (proof := proofs.recall(digest)) is not None
    }
    chain = chains.recall(digests.chain)
    if choice.installed is not None and len(known) == sum(asked) and chain is not None:
        told = tuple(known[migration.path] for migration in history if migration.path in known)
        version, kind = choice.installed.version, choice.installed.kind.value
        report = VerifyReport(version, kind, told, chain, time.monotonic() - began, _stood_in(told), len(known))
        return replace(report, base=base.name, applied=len(base.applied)) if base is not None else report
    with choice.start() as server:
        report = prove(
            history,
            server,
            selected=selected,
            statement_timeout=statement_timeout,
            progress=progress,
            known=known,
            base=base,
        )
    by_path = dict(zip((migration.path for migration in history), digests.proofs, strict=True))
    for proof in report.proofs:
        if proof.failure is None or proof.failure.sqlstate != _HUNG:  # a busy machine may be slow
            proofs.keep(by_path[proof.path], proof)
    if report.chain is not None:
        chains.keep(digests.chain, report.chain)
    return replace(report, remembered=len(known))


def _stood_in(proofs: Iterable[RollbackProof]) -> tuple[str, ...]:
    notes = (note for proof in proofs for note in proof.stand_ins if note.startswith(("extension ", "role ")))
    return tuple(dict.fromkeys(notes))
