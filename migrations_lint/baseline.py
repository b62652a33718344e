"""Findings accepted when the tool was adopted: a team begins with what is new, and the old ones can be worked off.

An entry is a finding's fingerprint, which says the same wherever its lines have moved. The rule, the file and the
message stand beside it for people who read the file's changes.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from migrations_lint.errors import LintError
from migrations_lint.model import Finding, Report

VERSION = 1


class UnreadableBaseline(LintError):
    """A file that is not a baseline, or of a version that we do not know."""

    exit_code: ClassVar[int] = 2

    def __init__(self, path: Path, seen: str) -> None:
        super().__init__(
            f"{path} is not a baseline",
            seen=[seen],
            next_step="Write it anew with `gatekeeper lint --write-baseline`.",
        )


def baseline_of(findings: Iterable[Finding]) -> str:
    """A baseline that accepts these findings, as JSON in an order that changes little."""
    entries = [
        {"fingerprint": f.fingerprint, "rule": f.rule, "path": f.path.as_posix(), "message": f.message}
        for f in sorted(findings, key=lambda f: (f.path.as_posix(), f.rule, f.fingerprint, f.begins))
    ]
    return json.dumps({"version": VERSION, "findings": entries}, indent=1, ensure_ascii=False) + "\n"


def accept(report: Report, baseline: str, path: Path) -> Report:
    """The report with what the baseline holds marked; raises UnreadableBaseline with the path in its words.

    An entry accepts one finding: the second of two that are alike is new where the baseline has seen only one.
    """
    left = Counter(_fingerprints(baseline, path))
    marked = []
    for finding in report.findings:
        known = finding.suppressed is None and left[finding.fingerprint] > 0
        left[finding.fingerprint] -= known
        marked.append(replace(finding, baseline=True) if known else finding)
    return replace(report, findings=tuple(marked))


def _fingerprints(text: str, path: Path) -> list[str]:
    try:
        read = json.loads(text)
        if read["version"] != VERSION:
            raise UnreadableBaseline(path, f"its version is {read['version']}, not {VERSION}")
        return [str(entry["fingerprint"]) for entry in read["findings"]]
    except json.JSONDecodeError as error:
        raise UnreadableBaseline(path, f"line {error.lineno}: {error.msg}") from error
    except (KeyError, TypeError) as error:
        raise UnreadableBaseline(path, f"it lacks {error}") from error
