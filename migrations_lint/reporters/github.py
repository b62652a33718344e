"""GitHub workflow commands: each finding becomes an annotation at its line of the pull request."""

from migrations_lint.model import Finding, Problem, Report, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


class Github:
    """Annotations, in the syntax of GitHub's "Workflow commands" page."""

    name = "github"

    def render(self, report: Report, *, tool: str) -> str:
        """One line for each finding and for each place that could not be read."""
        return "\n".join([*map(_problem, report.problems), *map(_finding, report.standing())])


def _finding(finding: Finding) -> str:
    place = f"file={_property(finding.path.as_posix())},line={finding.begins.line},endLine={finding.ends.line}"
    column = f",col={finding.begins.column},endColumn={finding.ends.column}" if _one_line(finding) else ""
    text = _text(f"{finding.message}\n{finding.help}")
    return f"::{_COMMANDS[finding.severity]} {place}{column},title={_property(finding.rule)}::{text}"


def _problem(problem: Problem) -> str:
    place = f"file={_property(problem.path.as_posix())},line={problem.line}"
    text = _text(f"{problem.message}\n{problem.hint}")
    return f"::warning {place},title=not read::{text}"


def _one_line(finding: Finding) -> bool:
    """GitHub refuses columns for a range of lines."""
    return finding.begins.line == finding.ends.line


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")


REPORTER = Github()
