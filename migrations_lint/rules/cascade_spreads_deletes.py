"""ON DELETE CASCADE."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def cascade_spreads_deletes(moment: Moment) -> Iterator[Finding]:
    """A team's policy: many want exactly this."""
    if moment.direction is Direction.DOWN:
        return
    for relation, key in moment.declared_constraints():
        if key.on_delete == "CASCADE":
            yield moment.finding(
                f"one DELETE from {key.references} locks and removes every row of {relation} that refers to it, and "
                "what refers to those",
                help="ON DELETE RESTRICT, and deletes by the application in batches.",
                relations=(relation,),
                severity=Severity.NOTE,
            )
