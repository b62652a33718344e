"""A comment that allows what nobody has found."""

from collections.abc import Iterator
from difflib import get_close_matches

from migrations_lint.model import Finding, Suppression
from migrations_lint.rules import suppression_rule


@suppression_rule
def suppression_hides_nothing(suppression: Suppression) -> Iterator[Finding]:
    """Only for rules that were run: one that the settings switch off finds nothing anywhere."""
    if not suppression.rules:
        yield suppression.finding(
            f"`gatekeeper: {suppression.text}` is not understood, so it allows nothing",
            help="Write `gatekeeper: allow RULE because REASON`; several rules go with commas between them.",
        )
    for name in suppression.rules if suppression.reason else ():
        if name not in suppression.known:
            near = get_close_matches(name, sorted(suppression.known), n=1)
            yield suppression.finding(
                f"`allow {name}` names a rule that there is not",
                help=f"Did you mean {near[0]}?" if near else "`gatekeeper rules` lists them.",
            )
        elif name in suppression.asked - suppression.used:
            yield suppression.finding(
                f"`allow {name}` stands where that rule finds nothing",
                help="Remove it: it would hide what somebody writes there later. Or put it right above the statement.",
            )
