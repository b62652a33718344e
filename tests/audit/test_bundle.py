"""An evidence bundle is checked by a Python that knows nothing of us, and whatever is changed in it is found."""

import copy
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.audit.bundle import Contents, bundled
from gatekeeper.audit.checkpoint import signed_head, verifier_key
from gatekeeper.audit.merkle import leaf_hash, root
from gatekeeper.audit.stand_alone import is_signed, problems
from gatekeeper.model.audit import NO_ENTRY_BEFORE, AuditEntry
from tests.audit.test_verify import KEY

AT = datetime(2026, 11, 24, 9, 30, 0, 250_000, UTC)
REPORT = b'{"verdict": "proven"}\n'


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def contents(size: int = 7) -> Contents:
    details: dict[str, Any] = {}
    entries: list[AuditEntry] = []
    for number in range(size):
        said: dict[str, Any] = {
            "summary": f"schön {number}\n",
            "evidence": [f"sha256:{digest_of(REPORT)}"],
            "salt": "ab",
            "epoch": 1,
        }
        digest = digest_of(rfc8785.dumps(said))
        details[digest] = said
        previous = entries[-1].sha256 if entries else NO_ENTRY_BEFORE
        release = "r1" if number % 2 else "r2"
        entries.append(AuditEntry(number, AT, "actor-1", "verify: done", release, "d" * 64, digest, previous))
    head = signed_head("clinic", size, root([leaf_hash(entry.canonical()) for entry in entries]), KEY)
    files = {"evidence/verify.json": REPORT, "status.json": b"{}"}
    return Contents("r1", verifier_key("clinic", KEY.public_key()), head, entries, details, files)


def unpacked(folder: Path, value: Contents) -> Path:
    zipfile.ZipFile(io.BytesIO(bundled(value))).extractall(folder)
    return folder


@pytest.mark.parametrize("size", range(2, 10))
def test_a_bundle_holds(tmp_path: Path, size: int) -> None:
    assert list(problems(unpacked(tmp_path, contents(size)))) == []


def test_it_is_checked_by_python_alone(tmp_path: Path) -> None:
    unpacked(tmp_path, contents())

    def check(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), *words]
        return subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)

    good = check()
    assert (good.returncode, good.stdout[:1]) == (0, "✓"), good.stderr
    other = verifier_key("clinic", Ed25519PrivateKey.generate().public_key())
    assert "its signature is not of this key" in check("--key", other).stdout
    (tmp_path / "evidence" / "verify.json").write_text("{}")
    bad = check()
    assert (bad.returncode, "evidence/verify.json is not what it was" in bad.stdout) == (1, True)
    (tmp_path / "bundle.json").write_text("[]")
    assert "has not the form of a bundle" in check().stdout


def _edit(bundle: dict[str, Any], change: str) -> dict[str, Any]:
    edited = copy.deepcopy(bundle)
    first = edited["entries"][0]
    match change:
        case "an entry":
            first["entry"]["action"] = "verify: failed"
        case "its number":
            first["entry"]["number"] = 4
        case "its details":
            first["details"]["summary"] = "fine"
        case "its proof":
            first["proof"] = first["proof"][1:]
        case "the head":
            edited["head"] = edited["head"].replace("\n7\n", "\n8\n")
        case "a file's digest":
            edited["files"]["evidence/verify.json"] = "0" * 64
        case "a file that no entry names":
            edited["files"]["evidence/more.json"] = edited["files"]["status.json"]
    return edited


@pytest.mark.parametrize(
    "change",
    ["an entry", "its number", "its details", "its proof", "the head", "a file's digest", "a file that no entry names"],
)
def test_whatever_is_changed_is_found(tmp_path: Path, change: str) -> None:
    unpacked(tmp_path, contents())
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(_edit(json.loads(file.read_text()), change)))

    assert list(problems(tmp_path))


def test_what_was_erased_of_the_details_breaks_nothing_but_binds_no_file(tmp_path: Path) -> None:
    unpacked(tmp_path, replace(contents(), details={}))

    assert list(problems(tmp_path)) == ["no entry of the log names evidence/verify.json"]


@given(st.binary(max_size=80), st.binary(min_size=32, max_size=32), st.integers(0, 511), st.booleans())
def test_our_ed25519_agrees_with_the_library(message: bytes, seed: bytes, bit: int, flip: bool) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = bytearray(key.sign(message))
    if flip:
        signature[bit // 8] ^= 1 << (bit % 8)

    assert is_signed(message, bytes(signature), key.public_key().public_bytes_raw()) is not flip
