"""Evidence as files under the artifacts folder, and their digests as rows."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, delete, insert, select

from gatekeeper.model.evidence import Evidence
from gatekeeper.store import tables

_evidence = tables.evidence


class EvidenceStore:
    """What the steps of all releases have left; one piece of each kind a release, the last one counts."""

    def __init__(self, engine: Engine, artifacts: Path) -> None:
        self._engine = engine
        self._artifacts = artifacts

    def folder(self, release_id: str) -> Path:
        """Where a release's files lie; made when first asked for."""
        folder = self._artifacts / release_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep(self, release_id: str, kind: str, text: str, *, verdict: str, summary: str, made: datetime) -> Evidence:
        """Write the file, whole or not at all, and remember its digest."""
        path = self.folder(release_id) / f"{kind.replace(' ', '-')}.json"
        content = text.encode()
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)
        piece = Evidence(kind, hashlib.sha256(content).hexdigest(), verdict, summary, path, made)
        self._remember(release_id, piece)
        return piece

    def of(self, release_id: str) -> tuple[Evidence, ...]:
        """The evidence of a release, in the order in which it was made."""
        query = select(_evidence).where(_evidence.c.release == release_id).order_by(_evidence.c.made, _evidence.c.kind)
        with self._engine.begin() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            Evidence(r["kind"], r["sha256"], r["verdict"], r["summary"], Path(r["path"]), r["made"]) for r in rows
        )

    def _remember(self, release_id: str, piece: Evidence) -> None:
        with self._engine.begin() as connection:
            mine = (_evidence.c.release == release_id) & (_evidence.c.kind == piece.kind)
            connection.execute(delete(_evidence).where(mine))
            connection.execute(
                insert(_evidence).values(
                    release=release_id,
                    kind=piece.kind,
                    sha256=piece.sha256,
                    verdict=piece.verdict,
                    summary=piece.summary,
                    path=str(piece.path),
                    made=piece.made,
                )
            )


def tampered(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Those whose file is gone or is no longer the one whose digest was taken."""
    return tuple(piece for piece in evidence if _digest_now(piece.path) != piece.sha256)


def _digest_now(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
