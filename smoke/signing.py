"""How the sender of a webhook proves who it is: an HMAC of the body in a header."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Signature:
    """`prefix` stands before the hexadecimal digest, as in `sha256=…`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    header: str
    secret: str = field(repr=False)
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    prefix: str = ""

    def of(self, body: bytes) -> dict[str, str]:
        """The header for a body."""
        digest = hmac.new(self.secret.encode(), body, getattr(hashlib, self.algorithm)).hexdigest()
        return {self.header: f"{self.prefix}{digest}"}

    def wrong_of(self, body: bytes) -> dict[str, str]:
        """The header of somebody who does not know the secret."""
        digest = hmac.new(f"not {self.secret}".encode(), body, getattr(hashlib, self.algorithm)).hexdigest()
        return {self.header: f"{self.prefix}{digest}"}
