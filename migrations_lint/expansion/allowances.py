"""What the linter would say to a planned migration although it is meant: each with a comment that says why.

A plan drops and renames at the one moment at which that is right; the linter, which sees one file, cannot know it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from migrations_lint.engine import lint
from migrations_lint.model import Finding, Migration, Severity
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot

_OF_USE_NO_MORE = "it runs once no release that uses it is left to go back to"
_FOR_THE_CHANGE = "it was there for this change alone"
_BOTH_NAMES = "both names go on, until a later release takes one away"
_WAY_BACK = "the way back makes anew what was there before, so run it when it has to be, or when it is quiet"
_MEANT = {
    "drop-breaks-running-code": _OF_USE_NO_MORE,
    "object-drop-breaks-callers": _FOR_THE_CHANGE,
    "trigger-drop-loses-behavior": _FOR_THE_CHANGE,
    "rename-breaks-running-code": _BOTH_NAMES,
}
_MEANT_ON_THE_WAY_BACK = {
    **_MEANT,
    **dict.fromkeys(
        (
            "check-scan-blocks-reads",
            "constraint-build-blocks-reads",
            "foreign-key-scan-blocks-writes",
            "index-build-blocks-writes",
            "migration-cannot-be-undone",
            "not-null-scan-blocks-reads",
            "primary-key-scan-blocks-reads",
            "update-touches-every-row",
            "work-continues-under-exclusive-lock",
        ),
        _WAY_BACK,
    ),
}


def allowed(
    files: Sequence[Migration],
    texts: Mapping[Path, str],
    before: Sequence[Migration],
    settings: LintSettings,
    snapshot: SchemaSnapshot | None = None,
) -> dict[Path, str]:
    """The texts of planned migrations with a comment above each statement that is found fault with, but is meant.

    `before` are the migrations that they follow.
    """
    standing: list[Finding] = []
    for migration in files:  # each is a release of its own
        report = lint([*before, *files], settings, snapshot, selected=frozenset({migration.path}))
        standing += [finding for finding in report.standing() if finding.severity is not Severity.NOTE]
    return {path: _commented(text, [f for f in standing if f.path == path], files) for path, text in texts.items()}


def _commented(text: str, findings: Sequence[Finding], files: Sequence[Migration]) -> str:
    by_line: dict[int, dict[str, list[str]]] = {}
    for finding in findings:
        reason = (_MEANT_ON_THE_WAY_BACK if _is_way_back(finding, files) else _MEANT).get(finding.rule)
        if reason is not None:
            by_line.setdefault(finding.begins.line, {}).setdefault(reason, []).append(finding.rule)
    lines = text.splitlines(keepends=True)
    for line in sorted(by_line, reverse=True):
        indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
        sign = "#" if findings[0].path.suffix == ".py" else "--"
        lines[line - 1 : line - 1] = [
            f"{indent}{sign} gatekeeper: allow {', '.join(_once(rules))} because {reason}\n"
            for reason, rules in sorted(by_line[line].items())
        ]
    return "".join(lines)


def _once(rules: Iterable[str]) -> list[str]:
    return sorted(set(rules))


def _is_way_back(finding: Finding, files: Sequence[Migration]) -> bool:
    """Whether the place is in a script that takes back; both ways may stand in one file."""
    for migration in files:
        for fragment in migration.down.fragments if migration.down is not None else ():
            source = fragment.source
            first, last = source.position(fragment.start).line, source.position(fragment.end).line
            if source.path == finding.path and first <= finding.begins.line <= last:
                return True
    return False
