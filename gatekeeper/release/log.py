"""The audit log as the store has it, or as a file has it, and whether it can be believed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gatekeeper.audit.bundle import Contents, bundled
from gatekeeper.audit.checkpoint import read_verifier_key, verifier_key
from gatekeeper.audit.export import Export, NotAnExport
from gatekeeper.audit.verify import Checked, check
from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.gate import Approval
from gatekeeper.release.records import record_of
from gatekeeper.release.seal import key_of, seal
from gatekeeper.report.status import as_json
from gatekeeper.store.open import open_store


class UnreadableLog(GatekeeperError):
    """A file, a head or a key that cannot be used to verify a log."""

    exit_code = 2


def exported(settings: Settings, *, with_details: bool = False) -> Export:
    """The store's log, with or without what would name people. Raises StoreUnreachable and UnusableKey."""
    key = verifier_key(settings.audit.name, key_of(settings).public_key())
    with open_store(settings.store.url.get_secret_value(), settings.store.artifacts) as store:
        audit = store.audit
        details, actors = (audit.details(), audit.actors()) if with_details else ({}, {})
        return Export.of(key, audit.entries(), audit.heads(), details, actors)


def bundle_of(settings: Settings, release_id: str) -> bytes:
    """The evidence bundle of one release, under the newest head; raises NoSuchRelease and UnusableKey.

    The head is signed anew, so that it covers the release's last entries.
    """
    key = verifier_key(settings.audit.name, key_of(settings).public_key())
    with open_store(settings.store.url.get_secret_value(), settings.store.artifacts) as store:
        record = record_of(store, release_id)
        head, log = seal(settings, store), store.audit
        said = [_said(one) for one in store.approvals.of(record.release.id)]
        files = {
            f"evidence/{piece.path.name}": piece.path.read_bytes() for piece in record.evidence if piece.path.is_file()
        }
        files |= {"status.json": _json(as_json(record)), "approvals.json": _json(said)}
        return bundled(Contents(record.release.id, key, head, log.entries(), log.details(), files))


def _said(approval: Approval) -> dict[str, Any]:
    return {
        "gate": approval.gate,
        "decision": approval.decision.value,
        "who": approval.who,
        "role": approval.role,
        "digest": approval.digest,
        "at": approval.at.isoformat(),
        "reason": approval.reason,
        "envelope": dict(approval.envelope) if approval.envelope is not None else None,
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def read_export(file: Path) -> Export:
    """The log that a file holds; raises UnreadableLog."""
    try:
        value: Any = json.loads(_text(file))
        return Export.from_json(value)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, NotAnExport) else "it is not JSON"
        raise UnreadableLog(
            f"{file} cannot be verified", seen=[reason], next_step="Give a file that `gatekeeper audit export` wrote."
        ) from error


def checked(export: Export, key: str | None, heads: Sequence[Path]) -> Checked:
    """Whether the log is whole, by the key that is trusted and the heads that were kept; raises UnreadableLog."""
    try:
        public = read_verifier_key(key or export.verifier_key)
    except ValueError as error:
        raise UnreadableLog(
            "the key cannot be used",
            seen=[str(error)],
            next_step="Give the line that `gatekeeper audit export` names, with --key.",
        ) from error
    return check(export, public, [_text(head) for head in heads])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableLog(f"{file} cannot be read", seen=[str(error)], next_step="Check the path.") from error
