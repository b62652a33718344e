"""The release digest: one SHA-256 over everything an approval is given for."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from gatekeeper.model.evidence import Evidence
from gatekeeper.model.release import PlannedUndo, Release


@dataclass(frozen=True, slots=True)
class DigestInputs:
    """What is signed. Everything in it can be shown; `policy` and `deploy` are digests of settings."""

    service: str
    environment: str
    version: str
    previous: str | None
    commit: str
    migrations: tuple[Mapping[str, str], ...]
    database_host: str
    policy: str
    deploy: str
    tool: str
    evidence: tuple[Mapping[str, str], ...]
    undo: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """The inputs as JSON values, in the order in which people read them."""
        return {
            "service": self.service,
            "environment": self.environment,
            "version": self.version,
            "previous": self.previous,
            "commit": self.commit,
            "migrations": [dict(entry) for entry in self.migrations],
            "database_host": self.database_host,
            "policy": self.policy,
            "deploy": self.deploy,
            "tool": self.tool,
            "evidence": [dict(entry) for entry in self.evidence],
            "undo": [dict(entry) for entry in self.undo],
        }


def inputs_of(
    release: Release,
    evidence: Sequence[Evidence],
    undo: Sequence[PlannedUndo],
    *,
    database_host: str,
    policy: str,
    deploy: str,
    tool: str,
) -> DigestInputs:
    """Collect what is signed; evidence is ordered by kind, so that the order of arrival does not matter."""
    return DigestInputs(
        service=release.service,
        environment=release.environment,
        version=release.version,
        previous=release.previous,
        commit=release.commit,
        migrations=tuple(
            {"id": m.id, "path": m.path, "file": m.file_sha256, "sql": m.sql_sha256} for m in release.migrations
        ),
        database_host=database_host,
        policy=policy,
        deploy=deploy,
        tool=tool,
        evidence=tuple(
            {"kind": e.kind, "digest": e.sha256, "verdict": e.verdict}
            for e in sorted(evidence, key=lambda e: (e.kind, e.sha256))
        ),
        undo=tuple({"row": planned.row, "plan": planned.plan} for planned in undo),
    )


def release_digest(inputs: DigestInputs) -> str:
    """SHA-256 of the RFC 8785 form, in hexadecimal."""
    return digest_of(inputs.as_json())


def digest_of(value: Any) -> str:
    """SHA-256 of any JSON value's RFC 8785 form."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()
