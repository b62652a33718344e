"""Text for people: each finding with the line it means, what happens, and the way out."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from migrations_lint.model import Finding, Position, Problem, Report, Severity, Source

_WIDEST_LINE = 110
_MOST_LINES = 4


class Text:
    """The report on a terminal, in the order in which migrations run; gravest first on each statement."""

    name = "text"

    def render(self, report: Report, *, tool: str) -> str:
        """What could not be read, then statement by statement what was found, and one line that sums it up."""
        sources = _sources(report)
        blocks = list(_problems(report.problems))
        order = {path: number for number, path in enumerate(sources)}
        found = sorted(report.standing(), key=lambda f: (order.get(f.path, -1), f.begins, f.ends, -f.severity.rank))
        told = _once(found)
        for (path, begins, ends), findings in groupby(told, key=lambda f: (f.path, f.begins, f.ends)):
            source = sources.get(path)
            blocks.append("\n".join(_statement({one: told[one] for one in findings}, source, begins, ends)))
        return "\n\n".join([*blocks, _summary(report)])


def _sources(report: Report) -> dict[Path, Source]:
    fragments = (
        fragment
        for checked in report.migrations
        for _, script in checked.migration.scripts()
        for fragment in script.fragments
    )
    return {fragment.source.path: fragment.source for fragment in fragments}


def _once(findings: list[Finding]) -> dict[Finding, list[int]]:
    """What is found again in the same file, word for word, is told once, with the lines where it is due as well."""
    first: dict[tuple[object, ...], Finding] = {}
    lines: dict[Finding, list[int]] = {}
    for finding in findings:
        key = (finding.path, finding.rule, finding.severity, finding.message, finding.help)
        known = first.setdefault(key, finding)
        if known is finding:
            lines[finding] = []
        elif finding.begins.line not in {known.begins.line, *lines[known]}:
            lines[known].append(finding.begins.line)
    return lines


def _statement(
    findings: dict[Finding, list[int]], source: Source | None, begins: Position, ends: Position
) -> Iterator[str]:
    """The first finding with the statement that it means, the others of the same statement below it."""
    for number, (finding, again) in enumerate(findings.items()):
        where = f"{finding.path}:{finding.begins.line}:{finding.begins.column}"
        yield f"{where}: {finding.severity.value}: {finding.message} [{finding.rule}]"
        if number == 0 and source is not None:
            yield from _frame(source, begins, ends)
        yield from _same_at(again)
        yield f"    {finding.help}"


def _frame(source: Source, begins: Position, ends: Position) -> Iterator[str]:
    """The statement's lines as they stand in the file; of a long one the first."""
    lines = source.text.split("\n")[begins.line - 1 : max(begins.line, ends.line)]
    shown = lines if len(lines) <= _MOST_LINES else lines[: _MOST_LINES - 1]
    margin = min((len(line) - len(line.lstrip()) for line in shown if line.strip()), default=0)
    for number, line in enumerate(shown, start=begins.line):
        text = line[margin:].rstrip().expandtabs(4)
        yield f"{number:>5} | {text if len(text) <= _WIDEST_LINE else text[: _WIDEST_LINE - 1] + '…'}".rstrip()
    if len(shown) < len(lines):
        yield f"      | … {_plural(len(lines) - len(shown), 'more line')}"


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    """What could not be read; the same in one file is told once, with all lines."""
    lines: dict[tuple[Path, str, str], list[int]] = {}
    for problem in problems:
        lines.setdefault((problem.path, problem.message, problem.hint), []).append(problem.line)
    for (path, message, hint), (first, *others) in lines.items():
        again = sorted({line for line in others if line != first})
        yield "\n".join([f"{path}:{first}: not read: {message}", *_same_at(again), f"    {hint}"])


def _same_at(lines: Sequence[int]) -> Iterator[str]:
    if lines:
        yield f"    The same at line{'' if len(lines) == 1 else 's'} {', '.join(map(str, lines))}."


def _summary(report: Report) -> str:
    standing = report.standing()
    counts = [(sum(f.severity is severity for f in standing), severity.value) for severity in reversed(Severity)]
    found = ", ".join(_plural(number, word) for number, word in counts if number) or "nothing to say against"
    migrations = _plural(len(report.migrations), "migration")
    allowed = sum(finding.suppressed is not None for finding in report.findings)
    known = len(report.findings) - len(standing) - allowed
    parts = [f"{found} in {migrations}" if standing else f"{found} {migrations}"]
    fixable = [finding.fix for finding in standing if finding.fix is not None]
    unsafe = sum(fix.unsafe is not None for fix in fixable)
    parts += [f"{len(fixable) - unsafe} with a fix (--fix)"] if len(fixable) > unsafe else []
    parts += [f"{unsafe} with an unsafe one (--unsafe-fixes)"] if unsafe else []
    parts += [f"{allowed} allowed by a comment"] if allowed else []
    parts += [f"{known} in the baseline"] if known else []
    parts += [f"{_plural(len(report.problems), 'place')} not read"] if report.problems else []
    return "; ".join(parts) + f" ({report.seconds:.2f} s)"


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


REPORTER = Text()
