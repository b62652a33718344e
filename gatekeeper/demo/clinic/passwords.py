"""Password hashes: scrypt, with a salt of their own, and the same time spent whether or not the login exists."""

import hashlib
import hmac
import secrets

_N, _R, _P = 2**14, 8, 1
_SALT_BYTES = 16


def hash_password(password: str) -> str:
    """A new hash, with its parameters and salt in it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_derive(password, salt, _N, _R, _P).hex()}"


def is_password(password: str, stored: str) -> bool:
    """Whether the password is the one of the stored hash."""
    _, n, r, p, salt, expected = stored.split("$")
    derived = _derive(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(derived, bytes.fromhex(expected))


def _derive(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, dklen=32)


NOBODY = hash_password(secrets.token_hex())
"""The hash of a password that no one has: checked when a login does not exist, so that both cases take as long."""
