"""Text for people: each finding with the line it means, what happens, and the way out."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Problem, Report, Severity, Source

_WIDEST_LINE = 110


class Text:
    """The report on a terminal, gravest findings first within each file."""

    name = "text"

    def render(self, report: Report, *, tool: str) -> str:
        """Findings file by file, what could not be read, and one line that sums it up."""
        sources = _sources(report)
        blocks = [_problem(problem) for problem in report.problems]
        blocks += [_finding(finding, sources) for finding in sorted(report.standing(), key=_place)]
        return "\n\n".join([*blocks, _summary(report)])


def _sources(report: Report) -> dict[str, Source]:
    fragments = (
        fragment
        for checked in report.migrations
        for _, script in checked.migration.scripts()
        for fragment in script.fragments
    )
    return {str(fragment.source.path): fragment.source for fragment in fragments}


def _place(finding: Finding) -> tuple[str, int, int, int]:
    return str(finding.path), -finding.severity.rank, finding.begins.line, finding.begins.column


def _finding(finding: Finding, sources: dict[str, Source]) -> str:
    where = f"{finding.path}:{finding.begins.line}:{finding.begins.column}"
    lines = [f"{where}: {finding.severity.value}: {finding.message} [{finding.rule}]"]
    source = sources.get(str(finding.path))
    if source is not None:
        lines += _frame(source.text.splitlines()[finding.begins.line - 1], finding.begins.line)
    return "\n".join([*lines, f"    {finding.help}"])


def _frame(line: str, number: int) -> Iterator[str]:
    text = line.strip()
    cut = text if len(text) <= _WIDEST_LINE else text[: _WIDEST_LINE - 1] + "…"
    if cut:
        yield f"{number:>5} | {cut}"


def _problem(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}: not read: {problem.message}\n    {problem.hint}"


def _summary(report: Report) -> str:
    standing = report.standing()
    counts = [(sum(f.severity is severity for f in standing), severity.value) for severity in reversed(Severity)]
    found = ", ".join(_plural(number, word) for number, word in counts if number) or "nothing to say against"
    migrations = _plural(len(report.migrations), "migration")
    accepted = len(report.findings) - len(standing)
    parts = [f"{found} in {migrations}" if standing else f"{found} {migrations}"]
    parts += [f"{accepted} accepted"] if accepted else []
    parts += [f"{_plural(len(report.problems), 'place')} not read"] if report.problems else []
    return "; ".join(parts) + f" ({report.seconds:.2f} s)"


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


REPORTER = Text()
