"""A smoke report in words and as the JSON of `gatekeeper smoke --format json`."""

from typing import Any

from smoke.model import Outcome, SmokeReport, Verdict


def as_json(report: SmokeReport) -> dict[str, Any]:
    """Plain values for `json.dumps`; the shape is stable, see `version`."""
    return {
        "version": 1,
        "target": report.target,
        "verdict": report.verdict.value,
        "checks": [_check(outcome) for outcome in report.outcomes],
    }


def exit_code(verdict: Verdict) -> int:
    """0 the site works, 1 it does not, 3 that could not be told."""
    if verdict.is_good:
        return 0
    return 3 if verdict is Verdict.INCONCLUSIVE else 1


def line(outcome: Outcome) -> str:
    """One check in one line, with the files that it left on the lines below."""
    aside = "" if outcome.critical else " (not critical)"
    head = f"{outcome.verdict.value:<12} {outcome.name}{aside}: {outcome.message}"
    return "\n".join([head, *(f"{'':<12} {artifact.kind}: {artifact.path}" for artifact in outcome.artifacts)])


def summary(report: SmokeReport) -> str:
    """The last line: the verdict of the whole run."""
    count = len(report.outcomes)
    return f"{report.verdict.value}: {count} {'check' if count == 1 else 'checks'} in {report.seconds:.1f} s"


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
    }
