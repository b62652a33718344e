"""The evidence bundle of one release: a zip that holds what was found, what was said, and the proof of both."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.audit import stand_alone
from gatekeeper.audit.merkle import inclusion_proof, leaf_hash
from gatekeeper.model.audit import AuditEntry, Head

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # a zip's times say nothing, and the same bundle has the same bytes

_README = """\
Evidence of release {release}

  bundle.json   the release's entries in the audit log, each with its details and the proof that it is in the log; the
                signed head; the verifier key; the SHA-256 of every file
  status.json   the release as it stands: its steps, how it ended, what was planned as its way back
  approvals.json  what was said at its gate, by whom
  evidence/     the reports that its steps left
  verify.py     checks all of it; needs Python 3.11 and nothing else

Run:  python verify.py --key KEY

KEY is the line that you were given by another way; this bundle says {key}
It names people. Give it to those who may know them.
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle. `details` are those of the release's own entries, by digest; erased ones are missing."""

    release: str
    verifier_key: str
    head: Head
    entries: Sequence[AuditEntry]
    details: Mapping[str, Any]
    files: Mapping[str, bytes]


def bundled(contents: Contents) -> bytes:
    """The zip; `entries` are the whole log, up to at least the head's size."""
    signed = contents.entries[: contents.head.size]
    hashes = [leaf_hash(entry.canonical()) for entry in signed]
    ours = [entry for entry in signed if entry.release == contents.release]
    bundle = {
        "version": 1,
        "release": contents.release,
        "verifier_key": contents.verifier_key,
        "head": contents.head.text,
        "entries": [
            {
                "entry": entry.as_json(),
                "proof": [one.hex() for one in inclusion_proof(entry.number, hashes)],
                "details": contents.details.get(entry.details),
            }
            for entry in ours
        ],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.files.items())},
    }
    own = {
        "README.txt": _README.format(release=contents.release, key=contents.verifier_key).encode(),
        "bundle.json": (json.dumps(bundle, indent=2, ensure_ascii=False) + "\n").encode(),
        "verify.py": Path(stand_alone.__file__).read_bytes(),
    }
    return _zipped({**own, **contents.files})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
