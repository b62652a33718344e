"""`-- gatekeeper: allow RULE because REASON` above or beside a statement (`#` in Python) accepts a finding there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrations_lint.model import Finding, Position, Severity, Source, Suppression

_ALLOW = re.compile(
    r"(?:--|\#|/\*)[ \t]*gatekeeper:[ \t]*allow[ \t]+(?P<rule>[\w-]+)"
    r"(?:[ \t]+because[ \t]+(?P<reason>[^\n*]*?))?[ \t]*(?:\*/)?[ \t]*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A suppression in a file."""

    path: Path
    suppression: Suppression


def suppressions(source: Source) -> Iterator[Allowed]:
    """Every suppression comment of a file."""
    for match in _ALLOW.finditer(source.text):
        line = source.position(match.start()).line
        yield Allowed(source.path, Suppression(match["rule"], (match["reason"] or "").strip(), line))


def covers(allowed: Allowed, finding: Finding, source: Source) -> bool:
    """Whether the comment speaks of this finding: the same rule, on the statement's lines or just above it.

    Only blank lines and other comments may stand between the comment and the statement.
    """
    suppression = allowed.suppression
    if allowed.path != finding.path or suppression.rule != finding.rule or not suppression.reason:
        return False
    if finding.begins.line <= suppression.line <= finding.ends.line:
        return True
    between = source.text.splitlines()[suppression.line : finding.begins.line - 1]
    return suppression.line < finding.begins.line and all(_is_silent(line) for line in between)


def _is_silent(line: str) -> bool:
    text = line.strip()
    return not text or text.startswith(("--", "#", "/*"))


def complaint(allowed: Allowed, *, used: bool) -> Finding | None:
    """What is wrong with a suppression itself: it gives no reason, or there is nothing to allow."""
    suppression = allowed.suppression
    place = Position(suppression.line, 1)
    if not suppression.reason:
        return Finding(
            "suppression-gives-no-reason",
            Severity.WARNING,
            f"`allow {suppression.rule}` gives no reason, so it allows nothing",
            "Add `because …`, so that the next reader knows why it is safe here.",
            allowed.path,
            place,
            place,
        )
    if not used:
        return Finding(
            "suppression-hides-nothing",
            Severity.WARNING,
            f"`allow {suppression.rule}` stands where that rule finds nothing",
            "Remove the comment, or correct the rule's name.",
            allowed.path,
            place,
            place,
        )
    return None
