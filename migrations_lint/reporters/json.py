"""JSON for other tools; its shape is a promise (see the page)."""

import json
from typing import Any

from migrations_lint.model import CheckedMigration, CheckedStatement, Finding, LockFact, Problem, Report


class Json:
    """The stable machine-readable report, `version` 1."""

    name = "json"

    def render(self, report: Report, *, tool: str) -> str:
        """One JSON object."""
        return json.dumps(_report(report, tool), indent=2, ensure_ascii=False)


def _report(report: Report, tool: str) -> dict[str, Any]:
    standing = report.standing()
    counts = {level: sum(f.severity.value == level for f in standing) for level in ("error", "warning", "note")}
    return {
        "version": 1,
        "tool": tool,
        "server_version": report.server_version,
        "migrations": [_migration(checked) for checked in report.migrations],
        "findings": [_finding(finding) for finding in report.findings],
        "problems": [_problem(problem) for problem in report.problems],
        "summary": {
            "files": len({checked.migration.path for checked in report.migrations}),
            "statements": sum(len(checked.statements) for checked in report.migrations),
            **counts,
            "suppressed": len(report.findings) - len(standing),
            "seconds": round(report.seconds, 4),
        },
    }


def _migration(checked: CheckedMigration) -> dict[str, Any]:
    migration = checked.migration
    return {
        "id": migration.id,
        "tool": migration.tool,
        "path": str(migration.path),
        "in_transaction": migration.in_transaction,
        "has_down": migration.down is not None,
        "statements": [_statement(statement) for statement in checked.statements],
    }


def _statement(checked: CheckedStatement) -> dict[str, Any]:
    return {
        "direction": checked.direction.value,
        "line": checked.statement.begins.line,
        "sql": checked.statement.sql,
        "transaction": checked.transaction,
        "facts": [_lock(lock) for lock in checked.locks],
    }


def _lock(lock: LockFact) -> dict[str, Any]:
    return {
        "relation": str(lock.relation),
        "relation_kind": lock.relation_kind.value,
        "mode": lock.mode.value,
        "work": lock.work.value,
        "created_here": lock.created_here,
        "certainty": lock.certainty.value,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "path": str(finding.path),
        "line": finding.begins.line,
        "column": finding.begins.column,
        "end_line": finding.ends.line,
        "end_column": finding.ends.column,
        "message": finding.message,
        "help": finding.help,
        "relations": [str(relation) for relation in finding.relations],
        "fixable": finding.fix is not None,
        "suppressed": finding.suppressed,
        "baseline": finding.baseline,
        "fingerprint": finding.fingerprint,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": str(problem.path),
        "line": problem.line,
        "direction": problem.direction.value,
        "message": problem.message,
        "help": problem.hint,
    }


REPORTER = Json()
