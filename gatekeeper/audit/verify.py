"""Checks a log from its export alone: is every entry what it was when the heads were signed?"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatekeeper.audit.checkpoint import NotASignedHead, read_head
from gatekeeper.audit.export import Export
from gatekeeper.audit.merkle import leaf_hash, root
from gatekeeper.model.audit import NO_ENTRY_BEFORE, AuditEntry, Head


@dataclass(frozen=True, slots=True)
class Bad:
    """What does not hold, and the number of the first entry for which it does not; None where no entry is to blame."""

    entry: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result: how many entries there are, how many of them a head has signed, and the first that is bad."""

    entries: int
    signed: int
    bad: Bad | None


def check(export: Export, key: Ed25519PublicKey, kept: Sequence[str] = ()) -> Checked:
    """Check everything that can be checked. `kept` are heads that the reader has kept elsewhere.

    Without one, a log that was cut short together with its newest heads looks whole; with one, it does not.
    """
    entries = tuple(_entries(export.entries))
    bad = min(
        (*_of_chain(export.entries, entries), *_of_details(entries, export.details)),
        key=lambda found: found.entry or 0,
        default=None,
    )
    heads: list[Head] = []
    for text in (*export.heads, *kept):
        try:
            heads.append(read_head(text, key))
        except NotASignedHead as error:
            bad = bad or Bad(None, f"a head cannot be believed: {error}")
    bad = bad or _of_heads(entries, sorted(heads, key=lambda head: head.size))
    return Checked(len(export.entries), max((head.size for head in heads), default=0), bad)


def _entries(raw: Sequence[Mapping[str, Any]]) -> Iterator[AuditEntry]:
    """As many as can be read, from the first on."""
    for value in raw:
        try:
            entry = AuditEntry.from_json(value)
            if entry.as_json() != dict(value):
                return
        except (KeyError, TypeError, ValueError):
            return
        yield entry


def _of_chain(raw: Sequence[Mapping[str, Any]], entries: Sequence[AuditEntry]) -> Iterator[Bad]:
    previous = NO_ENTRY_BEFORE
    for number, entry in enumerate(entries):
        if entry.number != number:
            yield Bad(number, f"entry {number} is missing: the next one is number {entry.number}")
            return
        if entry.previous != previous:
            yield _of_link(entries, number)
            return
        previous = entry.sha256
    if len(entries) < len(raw):
        yield Bad(len(entries), f"entry {len(entries)} has not the form of an entry")


def _of_link(entries: Sequence[AuditEntry], number: int) -> Bad:
    """Which of two entries that do not fit was changed: this one, where it does not fit the next one either."""
    following = entries[number + 1 : number + 2]
    if number == 0 or any(entry.previous != entries[number].sha256 for entry in following):
        return Bad(number, f"entry {number} is not what it was when it was written")
    return Bad(number - 1, f"entry {number - 1} is not what it was when entry {number} was written after it")


def _of_details(entries: Sequence[AuditEntry], details: Mapping[str, Any]) -> Iterator[Bad]:
    for entry in entries:
        if entry.details in details and _digest(details[entry.details]) != entry.details:
            yield Bad(entry.number, f"the details of entry {entry.number} are not those that it was written with")
            return


def _of_heads(entries: Sequence[AuditEntry], heads: Sequence[Head]) -> Bad | None:
    hashes = [leaf_hash(entry.canonical()) for entry in entries]
    believed = 0
    for head in heads:
        if head.size > len(hashes):
            return Bad(len(hashes), f"entry {len(hashes)} is missing: a head was signed over {head.size} entries")
        if root(hashes[: head.size]) != head.root:
            last = max(head.size - 1, 0)
            place = f"entry {believed}" if believed == last else f"one of the entries {believed} to {last}"
            return Bad(believed, f"{place} was changed since a head was signed over {head.size} entries")
        believed = head.size
    return None


def _digest(content: Any) -> str:
    try:
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    except (rfc8785.CanonicalizationError, RecursionError):
        return ""
