"""Signed statements: an in-toto Statement in a DSSE envelope, signed with Ed25519.

Sources: DSSE 1.0.2, "protocol" and "envelope" (secure-systems-lab/dsse); in-toto Attestation Framework, Statement v1.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_PREFIX = "ed25519:"

Envelope = Mapping[str, Any]


class NotSigned(ValueError):
    """An envelope that is none, or whose signature is not of this key."""


def statement(subjects: Mapping[str, Mapping[str, str]], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """The text that is signed; `subjects` are digests by name."""
    value = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": dict(digest)} for name, digest in subjects.items()],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


def sealed(payload: bytes, key: Ed25519PrivateKey) -> dict[str, Any]:
    """The envelope around a payload, signed."""
    signature = key.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode()}],
    }


def opened(envelope: Envelope, key: Ed25519PublicKey) -> Any:
    """The statement in it, once a signature of this key has been checked; raises NotSigned."""
    try:
        kind, payload = str(envelope["payloadType"]), base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise NotSigned("it is not a DSSE envelope") from error
    if kind != PAYLOAD_TYPE or not any(_is_of(key, kind, payload, one) for one in signatures):
        raise NotSigned("no signature in it is of this key")
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise NotSigned("what was signed is not JSON") from error


def pre_authentication_encoding(kind: str, payload: bytes) -> bytes:
    """What the signature is over: the type and the payload, each behind its length."""
    encoded = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(encoded), encoded, len(payload), payload)


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a key; which key it is decides the signature, not this name."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def public_line(key: Ed25519PublicKey) -> str:
    """The public key as it is written into settings."""
    return _PREFIX + base64.b64encode(key.public_bytes_raw()).decode()


def read_public_line(line: str) -> Ed25519PublicKey:
    """The way back from `public_line`; raises ValueError for what is none."""
    if not line.startswith(_PREFIX):
        raise ValueError(f"a key begins with {_PREFIX}")
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(line.removeprefix(_PREFIX), validate=True))
    except (ValueError, binascii.Error) as error:
        raise ValueError("it is not the base64 of 32 bytes") from error


def _is_of(key: Ed25519PublicKey, kind: str, payload: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, pre_authentication_encoding(kind, payload))
    except InvalidSignature:
        return False
    return True
