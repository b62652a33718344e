"""Checks an evidence bundle with nothing but Python: `python verify.py [--key VERIFIER_KEY]`.

This file is copied into every bundle, so that whoever holds one needs neither gatekeeper nor a network. It checks that

1. the head is signed with the key (Ed25519, RFC 8032; a C2SP checkpoint),
2. every entry of the release is in the log that the head was signed over (RFC 9162, section 2.1.3.2),
3. the details that belong to the entries are those that they were written with,
4. every file of evidence is the one whose digest an entry's details name, and nothing else was changed.

It trusts the key in the bundle where none is given: compare it with the one that you were told by another way.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Ed25519: the curve of RFC 8032, section 5.1, with points as (x, y).
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_IDENTITY = (0, 1)
Point = tuple[int, int]


def is_signed(message: bytes, signature: bytes, public: bytes) -> bool:
    """Whether this is the key's Ed25519 signature of the message (RFC 8032, section 5.1.7)."""
    if len(signature) != 64 or len(public) != 32:
        return False
    key, commitment = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= _ORDER:
        return False
    digest = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _ORDER
    return _times(scalar, _BASE) == _plus(commitment, _times(digest, key))


def _point(encoded: bytes) -> Point | None:
    y = int.from_bytes(encoded, "little")
    odd, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and odd):
        return None
    return (x if x & 1 == odd else _P - x, y)


def _plus(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = _D * x1 * x2 * y1 * y2 % _P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, _P) % _P
    return x, (y1 * y2 + x1 * x2) * pow(1 - product, -1, _P) % _P


def _times(factor: int, point: Point) -> Point:
    result = _IDENTITY
    while factor:
        if factor & 1:
            result = _plus(result, point)
        point, factor = _plus(point, point), factor >> 1
    return result


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")) or _IDENTITY


def problems(folder: Path, key: str | None = None) -> Iterator[str]:
    """What does not hold in an unpacked bundle; nothing where all of it does."""
    bundle = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    try:
        size, root = _read_head(bundle["head"], key or bundle["verifier_key"])
    except ValueError as error:
        yield f"the head cannot be believed: {error}"
        return
    named: set[str] = set()
    for held in bundle["entries"]:
        entry = held["entry"]
        number = entry["number"]
        proof = [bytes.fromhex(one) for one in held["proof"]]
        leaf = hashlib.sha256(b"\x00" + _canonical(entry)).digest()
        if not _is_included(leaf, number, size, proof, root):
            yield f"entry {number} ({entry['action']}) is not in the log that was signed"
        details = held.get("details")
        if details is None:
            continue
        if hashlib.sha256(_canonical(details)).hexdigest() != entry["details"]:
            yield f"the details of entry {number} ({entry['action']}) are not those that it was written with"
        named |= set(details.get("evidence", ()))
    yield from _wrong_files(folder, bundle, named)


def _wrong_files(folder: Path, bundle: Any, named: set[str]) -> Iterator[str]:
    for name, digest in bundle["files"].items():
        file = folder / name
        if not file.is_file():
            yield f"{name} is missing"
        elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            yield f"{name} is not what it was"
        if name.startswith("evidence/") and f"sha256:{digest}" not in named:
            yield f"no entry of the log names {name}"


def _read_head(text: str, verifier_key: str) -> tuple[int, bytes]:
    name, _, encoded = verifier_key.strip().split("+", 2)
    public = base64.b64decode(encoded)[1:]
    body, _, signatures = text.partition("\n\n")
    log, size, root = body.split("\n")
    for line in signatures.splitlines():
        if line.startswith(f"— {log} ") and log == name:
            blob = base64.b64decode(line.rsplit(" ", 1)[1])
            if is_signed(f"{body}\n".encode(), blob[4:], public):
                return int(size), base64.b64decode(root)
    raise ValueError("its signature is not of this key")


def _canonical(value: Any) -> bytes:
    """RFC 8785, for what stands in a log: texts, whole numbers, lists, and names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _is_included(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    if not 0 <= index < size:
        return False
    node, last, seen = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node % 2 or node == last:
            seen = hashlib.sha256(b"\x01" + sibling + seen).digest()
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            seen = hashlib.sha256(b"\x01" + seen + sibling).digest()
        node, last = node >> 1, last >> 1
    return last == 0 and seen == root


def main() -> int:
    """Say what does not hold; the exit code is 0 where everything does, and 1 where it does not."""
    arguments = argparse.ArgumentParser(description="Checks the bundle that lies beside this file.")
    arguments.add_argument("--key", help="the verifier key that you were given, in place of the bundle's own")
    given = arguments.parse_args()
    try:
        found = list(problems(Path(__file__).parent, given.key))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = [f"bundle.json has not the form of a bundle: {error!r}"]
    for problem in found:
        sys.stdout.write(f"✗ {problem}\n")
    if not found:
        sys.stdout.write("✓ every entry is in the signed log, and every file is what an entry names\n")
    if given.key is None:
        sys.stderr.write("checked with the key that came with the bundle; give the one you trust with --key\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
