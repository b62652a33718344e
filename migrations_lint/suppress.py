"""`-- gatekeeper: allow RULE because REASON` above or beside a statement (`#` in Python) accepts a finding there.

Several rules may be named, with commas between them. What is wrong with such a comment is told by rules of its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from migrations_lint.backfill import backfill_of
from migrations_lint.model import Finding, Migration, Position, Source, Suppression

# The mark ends at the end of the line, or of the comment.
_MARK = re.compile(r"(?:--|\#|/\*)[ \t]*gatekeeper:[ \t]*(?P<text>[^\n]*?)[ \t]*(?:\*/[^\n]*)?\r?$", re.MULTILINE)
_ALLOW = re.compile(r"allow[ \t]+(?P<rules>[\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)(?:[ \t]+because\b[ \t]*(?P<reason>.*))?")


def suppressions(migration: Migration, source: Source) -> Iterator[Suppression]:
    """Every comment of a file that speaks to us, understood or not; the marks of backfills apart."""
    for mark in _MARK.finditer(source.text):
        if backfill_of(mark["text"]):
            continue
        allow = _ALLOW.fullmatch(mark["text"])
        begins = source.position(mark.start())
        yield Suppression(
            migration,
            source.path,
            begins,
            Position(begins.line, begins.column + len(mark[0].rstrip())),
            mark["text"],
            tuple(name.strip() for name in allow["rules"].split(",")) if allow else (),
            (allow["reason"] or "").strip() if allow else "",
        )


def applied(suppression: Suppression, findings: list[Finding], source: Source) -> Suppression:
    """Mark what the comment covers in `findings`; the comment with the names that were of use."""
    used = set()
    for number, finding in enumerate(findings):
        if suppression.reason and finding.rule in suppression.rules and _covers(suppression, finding, source):
            findings[number] = replace(finding, suppressed=suppression.reason)
            used.add(finding.rule)
    return replace(suppression, used=frozenset(used))


def _covers(suppression: Suppression, finding: Finding, source: Source) -> bool:
    """Whether the comment stands on the statement's lines or just above it.

    Only blank lines and other comments may stand between the comment and the statement.
    """
    line = suppression.begins.line
    if suppression.path != finding.path or line > finding.ends.line:
        return False
    if line >= finding.begins.line:
        return True
    return _are_silent(source.text.split("\n")[line : finding.begins.line - 1])


def _are_silent(lines: Sequence[str]) -> bool:
    texts = (line.strip() for line in lines)
    return all(not text or text.startswith(("--", "#", "/*")) for text in texts)
