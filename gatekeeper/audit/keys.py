"""The key that signs the log's heads: from the settings, else from a file, made where there is none."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gatekeeper.errors import GatekeeperError


class UnusableKey(GatekeeperError):
    """The signing key cannot be read or made."""

    exit_code = 2


def signing_key(file: Path, text: str | None = None) -> Ed25519PrivateKey:
    """The key in `text` if there is one, else that of the file; raises UnusableKey."""
    if text is not None:
        return _read(text.encode(), "GATEKEEPER_AUDIT__PRIVATE_KEY")
    try:
        return _read(file.read_bytes(), str(file)) if file.exists() else _made(file)
    except OSError as error:
        raise UnusableKey(
            f"the audit key {file} cannot be used",
            seen=[error.strerror or str(error)],
            next_step="Set `key` under [audit] to a file that only you can read.",
        ) from error


def _read(pem: bytes, place: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise _unfit(place) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unfit(place)
    return key


def _unfit(place: str) -> UnusableKey:
    return UnusableKey(
        f"{place} is not an Ed25519 private key without a password",
        next_step="Make one with `openssl genpkey -algorithm ed25519`, or remove the file to have one made.",
    )


def _made(file: Path) -> Ed25519PrivateKey:
    """A new key; where two processes make one at once, both use that of the first."""
    key = Ed25519PrivateKey.generate()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as sink:
        sink.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        os.link(unfinished, file)
    except FileExistsError:
        return _read(file.read_bytes(), str(file))
    finally:
        unfinished.unlink()
    return key
