"""Markdown: the job summary and the pull-request comment."""

from migrations_lint.model import Finding, Problem, Report, Severity

_MARKS = {Severity.ERROR: "🛑", Severity.WARNING: "⚠️", Severity.NOTE: "💬"}


class Markdown:
    """A table of what was found, gravest first, and the ways out below it."""

    name = "markdown"

    def render(self, report: Report, *, tool: str) -> str:
        """A heading that answers, then the findings."""
        standing = sorted(report.standing(), key=lambda f: (-f.severity.rank, str(f.path), f.begins))
        parts = [f"### Migrations: {_answer(report, standing)}"]
        if standing:
            rows = ["| | where | what happens | rule |", "|---|---|---|---|", *map(_row, standing)]
            parts += ["\n".join(rows), "\n".join(["**What to do**", *dict.fromkeys(map(_way_out, standing))])]
        if report.problems:
            parts.append("\n".join(["**Not read**", *map(_problem, report.problems)]))
        return "\n\n".join(parts)


def _answer(report: Report, standing: list[Finding]) -> str:
    number = len(report.migrations)
    checked = f"{number} migration{'' if number == 1 else 's'} checked"
    if not standing:
        return f"nothing to say against them, {checked}"
    return f"{len(standing)} finding{'' if len(standing) == 1 else 's'}, {checked}"


def _row(finding: Finding) -> str:
    where = f"`{finding.path.as_posix()}:{finding.begins.line}`"
    return f"| {_MARKS[finding.severity]} | {where} | {_cell(finding.message)} | `{finding.rule}` |"


def _way_out(finding: Finding) -> str:
    return f"- `{finding.rule}`: {finding.help}"


def _problem(problem: Problem) -> str:
    return f"- `{problem.path.as_posix()}:{problem.line}`: {problem.message}. {problem.hint}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


REPORTER = Markdown()
