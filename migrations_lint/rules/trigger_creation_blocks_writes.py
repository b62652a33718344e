"""CREATE TRIGGER on a table in use: writers wait for it, and pay for it ever after."""

from collections.abc import Iterator

from migrations_lint.model import CreatesTrigger, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def trigger_creation_blocks_writes(moment: Moment) -> Iterator[Finding]:
    """A short lock, so a note; that the function has to exist first, PostgreSQL itself sees to."""
    for made in moment.all(CreatesTrigger):
        if moment.is_live(made.relation):
            events = " or ".join(made.trigger.events)
            each = "every row" if made.trigger.row else "every statement"
            yield moment.finding(
                f"writes to {made.relation} wait for a moment; from then on {made.trigger.function} runs for {each} of "
                f"{events}",
                help="Set a short lock_timeout, and make sure that the function is quick and never fails.",
                relations=(made.relation,),
                severity=Severity.NOTE,
            )
