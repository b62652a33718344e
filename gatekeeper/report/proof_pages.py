"""What `gatekeeper verify` found as JUnit XML, which every CI server shows, and as markdown for a pull request."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gatekeeper.model.proof import ProofVerdict, RollbackProof, VerifyReport
from gatekeeper.report.proofs import chain_lines, reasons, summary

_REFUSED = frozenset({ProofVerdict.REFUTED, ProofVerdict.FAILED})
_MARKS = {
    ProofVerdict.PROVEN: "✅",
    ProofVerdict.LOSSY: "⚠️",
    ProofVerdict.IRREVERSIBLE: "⛔",
    ProofVerdict.REFUTED: "🛑",
    ProofVerdict.FAILED: "🛑",
}
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def as_junit(report: VerifyReport) -> str:
    """A test case for each migration: refuted and failed ways back fail, one that is not there is skipped."""
    cases = [_case(proof) for proof in report.proofs]
    counts = {
        word: str(sum(case.find(element) is not None for case in cases))
        for word, element in (("failures", "failure"), ("skipped", "skipped"))
    }
    numbers = {"tests": str(len(cases)), **counts, "errors": "0"}
    root = Element("testsuites", {"name": "gatekeeper verify", "time": f"{report.seconds:.3f}"})
    suite = SubElement(root, "testsuite", {"name": f"rollbacks on PostgreSQL {report.server_version}", **numbers})
    suite.extend(cases)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _case(proof: RollbackProof) -> Element:
    seconds = proof.up.seconds + (proof.down.seconds if proof.down else 0)
    names = {"classname": proof.path.as_posix(), "name": f"{proof.id} can be rolled back", "time": f"{seconds:.3f}"}
    case = Element("testcase", {key: _clean(value) for key, value in names.items()})
    told = _clean("\n".join(line.strip() for line in reasons(proof)))
    if proof.verdict in _REFUSED:
        failure = SubElement(case, "failure", message=_clean(_first(proof)), type=proof.verdict.value)
        failure.text = told
    elif proof.verdict is ProofVerdict.IRREVERSIBLE:
        SubElement(case, "skipped", message="there is no way down")
    elif told:
        SubElement(case, "system-out").text = told
    return case


def as_markdown(report: VerifyReport) -> str:
    """A heading that answers, a table of what is not proven, and the reasons below it."""
    standing = [proof for proof in report.proofs if proof.verdict is not ProofVerdict.PROVEN]
    parts = [f"### Rollbacks: {summary(report)}"]
    if standing:
        parts.append("\n".join(["| | migration | why |", "|---|---|---|", *map(_row, standing)]))
    parts += ["\n".join(_details(proof)) for proof in standing if list(reasons(proof))]
    if report.chain is not None:
        parts.append("\n".join(line.strip() for line in chain_lines(report.chain)).strip())
    return "\n\n".join(parts)


def _details(proof: RollbackProof) -> Iterator[str]:
    yield f"<details><summary><code>{proof.path.as_posix()}</code></summary>\n\n```text"
    yield from (line.removeprefix("    ").replace("```", "'''") for line in reasons(proof))
    yield "```\n</details>"


def _row(proof: RollbackProof) -> str:
    why = " ".join(_first(proof).split()).replace("|", "\\|").replace("<", "&lt;")
    return f"| {_MARKS[proof.verdict]} {proof.verdict.value} | `{proof.id}` | {why[:300]} |"


def _first(proof: RollbackProof) -> str:
    return next((line.strip() for line in reasons(proof)), "there is no way down")


def _clean(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return _NO_XML.sub("\ufffd", text)
