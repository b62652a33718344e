"""SARIF 2.1.0, for GitHub code scanning and other viewers.

Source: OASIS Static Analysis Results Interchange Format 2.1.0 plus Errata 01.
"""

import json
from typing import Any

from migrations_lint.model import Finding, Report, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


class Sarif:
    """One run with its rules, results and the suppressions that were given."""

    name = "sarif"

    def render(self, report: Report, *, tool: str) -> str:
        """One JSON object."""
        name, _, version = tool.partition(" ")
        found = sorted({finding.rule for finding in report.findings})
        driver = {"name": name, "semanticVersion": version, "rules": [_rule(rule) for rule in found]}
        results = [_result(finding, found.index(finding.rule)) for finding in report.findings]
        run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
        return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(name: str) -> dict[str, Any]:
    return {"id": name, "shortDescription": {"text": name.replace("-", " ")}}


def _result(finding: Finding, index: int) -> dict[str, Any]:
    region = {
        "startLine": finding.begins.line,
        "startColumn": finding.begins.column,
        "endLine": finding.ends.line,
        "endColumn": finding.ends.column,
    }
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.help}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": finding.path.as_posix()}, "region": region}}],
        "partialFingerprints": {"gatekeeper/v1": finding.fingerprint},
    }
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.suppressed}]
    elif finding.baseline:
        result["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    return result


REPORTER = Sarif()
