"""JUnit XML, which every CI server shows: a test suite for each migration, a test case for each finding.

The format has no standard; this keeps to the strictest description of it, junit-10.xsd of Jenkins' xUnit plugin.
"""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from migrations_lint.model import CheckedMigration, Finding, Problem, Report, Severity

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class Junit:
    """Errors and warnings fail; notes pass; what a comment or the baseline has accepted is skipped."""

    name = "junit"

    def render(self, report: Report, *, tool: str) -> str:
        """One XML document."""
        root = Element("testsuites", name=tool)
        for problem in report.unread:
            _suite(root, problem.path.as_posix(), [_unread(problem)])
        for checked in report.migrations:
            _suite(root, checked.migration.path.as_posix(), _cases(checked, report.findings))
        for count in ("tests", "failures", "errors"):
            root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
        indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _suite(root: Element, name: str, cases: Sequence[Element]) -> None:
    counts = {
        word: str(sum(case.find(element) is not None for case in cases))
        for word, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    suite = SubElement(root, "testsuite", {"name": _clean(name), "tests": str(len(cases)), **counts})
    suite.extend(cases)


def _cases(checked: CheckedMigration, findings: Sequence[Finding]) -> list[Element]:
    files = checked.migration.files()
    found = [_finding(finding) for finding in findings if finding.path in files]
    unread = [_unread(problem) for problem in checked.problems]
    return [*unread, *found] or [_case(checked.migration.tool, "nothing found")]


def _case(classname: str, name: str) -> Element:
    return Element("testcase", classname=_clean(classname), name=_clean(name))


def _finding(finding: Finding) -> Element:
    case = _case(finding.rule, f"{finding.path.name}:{finding.begins.line}")
    if finding.suppressed is not None or finding.baseline:
        SubElement(case, "skipped", message=_clean(finding.suppressed or "in the baseline"))
    elif finding.severity is Severity.NOTE:
        SubElement(case, "system-out").text = _clean(_words(finding))
    else:
        failure = SubElement(case, "failure", message=_clean(finding.message), type=finding.severity.value)
        failure.text = _clean(_words(finding))
    return case


def _unread(problem: Problem) -> Element:
    case = _case("not-read", f"{problem.path.name}:{problem.line}")
    error = SubElement(case, "error", message=_clean(problem.message), type="not read")
    error.text = _clean(f"{problem.path.as_posix()}:{problem.line}: {problem.message}\n{problem.hint}")
    return case


def _words(finding: Finding) -> str:
    place = f"{finding.path.as_posix()}:{finding.begins.line}:{finding.begins.column}"
    return f"{place}: {finding.severity.value}: {finding.message}\n{finding.help}"


def _clean(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return _NO_XML.sub("\ufffd", text)


REPORTER = Junit()
