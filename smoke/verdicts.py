"""What several answers to one question say together. Decides only; nothing is asked here."""

from collections.abc import Sequence
from dataclasses import replace

from smoke.exact import rate_bounds
from smoke.model import Outcome, Repeated, Verdict

CONFIDENCE = 0.95


def judged(first: Outcome, second: Outcome | None) -> Outcome:
    """What a failure and its repetition say together; None is a repetition for which no time was left."""
    if second is None:
        return replace(
            first, verdict=Verdict.INCONCLUSIVE, message=f"failed, with no time left to ask again: {first.message}"
        )
    kept = tuple(dict.fromkeys((*first.artifacts, *second.artifacts)))
    both = replace(second, attempts=first.attempts + second.attempts, artifacts=kept)
    if second.verdict is Verdict.PASS:
        return replace(both, verdict=Verdict.FLAKY, message=f"failed once, then passed: {first.message}")
    if second.verdict is Verdict.INCONCLUSIVE:
        return replace(both, message=f"failed ({first.message}), then could not be asked again: {second.message}")
    return both


def counted(outcomes: Sequence[Outcome], wanted: float | None) -> Outcome:
    """What many answers say: the success rate, with exact bounds, against the rate that is wanted.

    A rate counts as missed, or as kept, only where the bounds leave no doubt; between the two the sample is too small.
    Without a wanted rate, all must pass; some that fail make it flaky. Answers that say nothing are not counted.
    """
    told = [outcome for outcome in outcomes if outcome.verdict is not Verdict.INCONCLUSIVE]
    last = outcomes[-1]
    if not told:
        return replace(last, attempts=len(outcomes))
    passed = sum(outcome.verdict.is_good for outcome in told)
    low, high = rate_bounds(passed, len(told), CONFIDENCE)
    bad = [outcome for outcome in told if not outcome.verdict.is_good]
    return replace(
        last,
        verdict=_verdict(passed, len(told), low, high, wanted),
        message="; ".join([_told(passed, len(told), low, high, wanted), *(one.message for one in bad[:1])]),
        seconds=sum(outcome.seconds for outcome in outcomes),
        attempts=len(outcomes),
        artifacts=tuple(dict.fromkeys(artifact for outcome in bad for artifact in outcome.artifacts)),
        repeated=Repeated(len(told), passed, low, high, CONFIDENCE),
    )


def _verdict(passed: int, asked: int, low: float, high: float, wanted: float | None) -> Verdict:
    if wanted is None:
        if passed == asked:
            return Verdict.PASS
        return Verdict.FLAKY if passed else Verdict.FAIL
    if high < wanted:
        return Verdict.FAIL
    return Verdict.PASS if low >= wanted else Verdict.INCONCLUSIVE


def _told(passed: int, asked: int, low: float, high: float, wanted: float | None) -> str:
    bounds = f"{passed} of {asked} passed: a success rate from {_percent(low)} to {_percent(high)}"
    if wanted is None:
        return bounds
    if low < wanted <= high:
        return f"{bounds}, so the sample is too small to say whether it is {_percent(wanted)}"
    return f"{bounds}, {_percent(wanted)} is wanted"


def _percent(rate: float) -> str:
    return f"{100 * rate:.4g} %"
