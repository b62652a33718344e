"""The log as one JSON file that can be checked without us: entries, signed heads, details as far as they are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.model.audit import AuditEntry


class NotAnExport(ValueError):
    """A file that does not hold an exported log."""


@dataclass(frozen=True, slots=True)
class Export:
    """A whole log. `entries` are as they were found, for a reader has to check them before believing them.

    `details` and `actors` (the names behind pseudonyms) are empty unless they were asked for, and may be incomplete:
    what was erased is missing.
    """

    verifier_key: str
    entries: tuple[Mapping[str, Any], ...]
    heads: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        verifier_key: str,
        entries: tuple[AuditEntry, ...],
        heads: tuple[str, ...],
        details: Mapping[str, Any],
        actors: Mapping[str, str],
    ) -> "Export":
        """The export of a log that we hold."""
        return cls(verifier_key, tuple(entry.as_json() for entry in entries), heads, details, actors)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the file."""
        return {
            "version": 1,
            "verifier_key": self.verifier_key,
            "entries": [dict(entry) for entry in self.entries],
            "heads": list(self.heads),
            "details": dict(self.details),
            "actors": dict(self.actors),
        }

    @classmethod
    def from_json(cls, value: Any) -> "Export":
        """The way back; raises NotAnExport for what has not the form of one, whatever is in it."""
        form = {"verifier_key": str, "entries": list, "heads": list, "details": dict, "actors": dict}
        if not isinstance(value, dict) or value.get("version") != 1:
            raise NotAnExport("it is not an exported audit log of version 1")
        for key, kind in form.items():
            if not isinstance(value.get(key), kind):
                raise NotAnExport(f"{key} is missing or not of its form")
        if not all(isinstance(entry, dict) for entry in value["entries"]):
            raise NotAnExport("an entry is not an object")
        if not all(isinstance(head, str) for head in value["heads"]):
            raise NotAnExport("a head is not a text")
        return cls(
            value["verifier_key"], tuple(value["entries"]), tuple(value["heads"]), value["details"], value["actors"]
        )
