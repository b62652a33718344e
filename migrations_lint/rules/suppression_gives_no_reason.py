"""A comment that allows a rule and does not say why."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Suppression
from migrations_lint.rules import suppression_rule


@suppression_rule
def suppression_gives_no_reason(suppression: Suppression) -> Iterator[Finding]:
    """Without a reason it accepts nothing."""
    if suppression.rules and not suppression.reason:
        yield suppression.finding(
            f"`allow {', '.join(suppression.rules)}` gives no reason, so it allows nothing",
            help="Add `because …`, so that the next reader knows why it is safe here.",
        )
