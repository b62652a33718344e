"""A smoke report in words and as the JSON of `gatekeeper smoke --format json`."""

from typing import Any

from smoke.model import Outcome, Repeated, SmokeReport, Verdict


def as_json(report: SmokeReport) -> dict[str, Any]:
    """Plain values for `json.dumps`; the shape is stable, see `version`."""
    trial = any(outcome.shadow for outcome in report.outcomes)
    return {
        "version": 1,
        "target": report.target,
        "verdict": report.verdict.value,
        **({"verdict_with_shadow": report.verdict_with_shadow.value} if trial else {}),
        "checks": [_check(outcome) for outcome in report.outcomes],
    }


def exit_code(verdict: Verdict) -> int:
    """0 the site works, 1 it does not, 3 that could not be told."""
    if verdict.is_good:
        return 0
    return 3 if verdict is Verdict.INCONCLUSIVE else 1


def line(outcome: Outcome) -> str:
    """One check in one line, with the files that it left on the lines below."""
    asides = [] if outcome.critical else ["not critical"]
    asides += ["in shadow"] if outcome.shadow else []
    asides += [f"in quarantine {outcome.quarantine}"] if outcome.quarantine else []
    aside = f" ({'; '.join(asides)})" if asides else ""
    head = f"{outcome.verdict.value:<12} {outcome.name}{aside}: {outcome.message}"
    return "\n".join([head, *(f"{'':<12} {artifact.kind}: {artifact.path}" for artifact in outcome.artifacts)])


def summary(report: SmokeReport) -> str:
    """The last line: the verdict of the whole run."""
    count = len(report.outcomes)
    told = f"{report.verdict.value}: {count} {'check' if count == 1 else 'checks'} in {report.seconds:.1f} s"
    if report.verdict_with_shadow is report.verdict:
        return told
    return f"{told}; {report.verdict_with_shadow.value} if those in shadow counted"


def _check(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "verdict": outcome.verdict.value,
        "critical": outcome.critical,
        "seconds": round(outcome.seconds, 3),
        "attempts": outcome.attempts,
        "message": outcome.message,
        "artifacts": [
            {"kind": artifact.kind, "path": str(artifact.path), "sha256": artifact.sha256}
            for artifact in outcome.artifacts
        ],
        **({"shadow": True} if outcome.shadow else {}),
        **({"quarantine": outcome.quarantine} if outcome.quarantine else {}),
        **({"repeated": _repeated(outcome.repeated)} if outcome.repeated else {}),
    }


def _repeated(repeated: Repeated) -> dict[str, Any]:
    return {
        "asked": repeated.asked,
        "passed": repeated.passed,
        "at_least": round(repeated.at_least, 6),
        "at_most": round(repeated.at_most, 6),
        "confidence": repeated.confidence,
    }
