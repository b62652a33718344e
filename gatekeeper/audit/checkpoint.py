"""Heads as signed text that other tools read as well: C2SP's tlog-checkpoint in a signed note, with Ed25519.

Three lines (the log's name, its size, its root in base64), an empty line, then one line for each signature:
`— NAME BASE64`, where the bytes are the first four of the key's hash and the signature.
Sources: c2sp.org/tlog-checkpoint and c2sp.org/signed-note, version 1.
"""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatekeeper.model.audit import Head

_ED25519 = b"\x01"
_BODY = re.compile(r"(?P<name>[^\n]+)\n(?P<size>0|[1-9][0-9]*)\n(?P<root>[A-Za-z0-9+/]{43}=)\n")
_SIGNATURE = re.compile(r"— (?P<name>\S+) (?P<blob>[A-Za-z0-9+/]+=*)")


class NotASignedHead(ValueError):
    """A text that is no checkpoint, or that this key has not signed."""


def signed_head(name: str, size: int, root: bytes, key: Ed25519PrivateKey) -> Head:
    """The head of the log of that name, signed."""
    body = f"{name}\n{size}\n{base64.b64encode(root).decode()}\n"
    blob = key_hash(name, key.public_key()) + key.sign(body.encode())
    return Head(size, root, f"{body}\n— {name} {base64.b64encode(blob).decode()}\n")


def read_head(text: str, key: Ed25519PublicKey) -> Head:
    """The head that a text says, once its signature has been checked; raises NotASignedHead."""
    body, separator, signatures = text.partition("\n\n")
    match = _BODY.fullmatch(body + "\n")
    if not separator or match is None:
        raise NotASignedHead("it is not a checkpoint")
    name = match["name"]
    if not any(_is_ours(line, name, f"{body}\n".encode(), key) for line in signatures.splitlines()):
        raise NotASignedHead("its signature is not of this key")
    return Head(int(match["size"]), base64.b64decode(match["root"]), text)


def verifier_key(name: str, key: Ed25519PublicKey) -> str:
    """The public key as one line, `NAME+HASH+BASE64`: what a verifier has to be given by another way."""
    public = base64.b64encode(_ED25519 + key.public_bytes_raw()).decode()
    return f"{name}+{key_hash(name, key).hex()}+{public}"


def read_verifier_key(line: str) -> Ed25519PublicKey:
    """The way back from `verifier_key`; raises ValueError for what is none."""
    name, claimed, public = line.strip().split("+", 2) if line.count("+") >= 2 else ("", "", "")
    try:
        raw = base64.b64decode(public, validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw[1:])
    except (binascii.Error, ValueError) as error:
        raise ValueError("it is not a verifier key") from error
    if raw[:1] != _ED25519 or key_hash(name, key).hex() != claimed:
        raise ValueError("its hash does not fit its key")
    return key


def key_hash(name: str, key: Ed25519PublicKey) -> bytes:
    """Four bytes that tell keys apart."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]


def _is_ours(line: str, name: str, body: bytes, key: Ed25519PublicKey) -> bool:
    match = _SIGNATURE.fullmatch(line)
    if match is None or match["name"] != name:
        return False
    try:
        blob = base64.b64decode(match["blob"], validate=True)
        key.verify(blob[4:], body)
    except (binascii.Error, InvalidSignature):
        return False
    return blob[:4] == key_hash(name, key)
