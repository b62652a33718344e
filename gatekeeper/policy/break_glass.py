"""Break-glass: a named person lets a release through at once, and somebody else looks at it afterwards.

It stands in for people and freezes. It never stands in for a proof, a witness, a lock timeout or the log.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gatekeeper.model.gate import Approval, Decision, Gate
from gatekeeper.policy.identity import is_machine, same_person

HOLDS_FOR = timedelta(hours=1)


def broken_by(gate: Gate, said: Sequence[Approval], digest: str, now: datetime) -> Approval | None:
    """Who lets it through now, or None."""
    words = [one for one in said if one.decision is Decision.BREAK_GLASS]
    return next((one for one in reversed(words) if may_not_break(gate, one, digest, now) is None), None)


def may_not_break(gate: Gate, word: Approval, digest: str, now: datetime) -> str | None:
    """Why this word lets nothing through, or None where it does."""
    if is_machine(word.who):
        return "machines may not break the glass"
    if not any(same_person(word.who, name, gate.aliases) for name in gate.break_glass):
        named = ", ".join(gate.break_glass)
        return f"{word.who} is not among those who may: {named}" if named else "`break_glass` under [gate] names nobody"
    if gate.must_sign and not word.is_signed:
        return f"it is not signed with a key of {word.who}"
    if word.digest != digest:
        return "it was said for another state of the release"
    if not timedelta(0) <= now - word.at < HOLDS_FOR:
        return "it holds for an hour"
    return None


def may_not_review(gate: Gate, word: Approval, said: Sequence[Approval]) -> str | None:
    """Why this review does not count, or None where it does: whoever broke the glass does not review it."""
    if is_machine(word.who):
        return "machines may not review"
    breakers = [one.who for one in said if one.decision is Decision.BREAK_GLASS]
    if any(same_person(word.who, who, gate.aliases) for who in breakers):
        return f"{word.who} broke the glass; somebody else reviews it"
    if gate.must_sign and not word.is_signed:
        return f"it is not signed with a key of {word.who}"
    return None


def is_reviewed(gate: Gate, said: Sequence[Approval]) -> bool:
    """Whether somebody else has looked at it."""
    reviews = [one for one in said if one.decision is Decision.REVIEW]
    return any(may_not_review(gate, one, said) is None for one in reviews)
