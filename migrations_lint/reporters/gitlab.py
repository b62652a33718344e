"""GitLab Code Quality: findings in the merge request, those that are new told apart from those that are fixed.

Source: GitLab documentation, "Code Quality", "Code Quality report format".
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from migrations_lint.model import Finding, Problem, Report, Severity

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


class Gitlab:
    """The artifact that `artifacts:reports:codequality` takes."""

    name = "gitlab"

    def render(self, report: Report, *, tool: str) -> str:
        """One JSON array. GitLab takes findings of equal fingerprints for one, so that copies are numbered."""
        seen: Counter[str] = Counter()
        entries = [_problem(problem) for problem in report.problems]
        for finding in report.standing():
            seen[finding.fingerprint] += 1
            copy = seen[finding.fingerprint]
            entries.append(_finding(finding, f"{finding.fingerprint}-{copy}" if copy > 1 else finding.fingerprint))
        return json.dumps(entries, indent=2, ensure_ascii=False)


def _finding(finding: Finding, fingerprint: str) -> dict[str, Any]:
    return {
        "description": f"{finding.message}. {finding.help}",
        "check_name": finding.rule,
        "fingerprint": fingerprint or f"{finding.rule}:{finding.path.as_posix()}:{finding.begins.line}",
        "severity": _SEVERITIES[finding.severity],
        "location": _location(finding.path, finding.begins.line, finding.ends.line),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "description": f"not read: {problem.message}. {problem.hint}",
        "check_name": "not-read",
        "fingerprint": f"not-read:{problem.path.as_posix()}:{problem.line}:{problem.direction.value}:{problem.message}",
        "severity": "major",
        "location": _location(problem.path, problem.line, problem.line),
    }


def _location(path: Path, begin: int, end: int) -> dict[str, Any]:
    """Relative to the repository, as long as the linter runs there and is given relative paths."""
    return {"path": path.as_posix().removeprefix("./"), "lines": {"begin": begin, "end": end}}


REPORTER = Gitlab()
