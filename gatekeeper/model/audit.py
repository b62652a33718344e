"""One entry of the audit log, and a head: how long the log is and what its tree says."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import rfc8785

NO_ENTRY_BEFORE = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did. It names no person and holds no data: `actor` is a pseudonym, `details` a digest.

    `number` counts from 0. `digest` is that of the release as it stood at its gate, empty before. `details` is the
    SHA-256 of what is kept apart and may be erased. `previous` is the SHA-256 of the entry before.
    """

    number: int
    at: datetime
    actor: str
    action: str
    release: str
    digest: str
    details: str
    previous: str

    def as_json(self) -> dict[str, Any]:
        """Plain values; the time in UTC to the microsecond."""
        return {
            "number": self.number,
            "at": self.at.isoformat(timespec="microseconds"),
            "actor": self.actor,
            "action": self.action,
            "release": self.release,
            "digest": self.digest,
            "details": self.details,
            "previous": self.previous,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "AuditEntry":
        """The way back from `as_json`; raises KeyError, TypeError or ValueError for what is no entry."""
        if type(value["number"]) is not int or not all(type(value[name]) is str for name in value if name != "number"):
            raise TypeError("an entry is a number and texts")
        return cls(**{**value, "at": datetime.fromisoformat(value["at"])})

    def canonical(self) -> bytes:
        """The RFC 8785 form: what is hashed into the tree."""
        return rfc8785.dumps(self.as_json())

    @property
    def sha256(self) -> str:
        """What the next entry names as its previous one."""
        return hashlib.sha256(self.canonical()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The tree over the first `size` entries, as one signed text (a C2SP checkpoint)."""

    size: int
    root: bytes
    text: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What is to be written into the log: `actor` is who did it, by name; `details` are kept apart from the entry."""

    actor: str
    action: str
    release: str
    at: datetime
    digest: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
