"""SAVEPOINT in a migration: what fails after it can be rolled back alone, and the migration goes on."""

from collections.abc import Iterator

from migrations_lint.model import ControlsTransaction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def savepoint_hides_failure(moment: Moment) -> Iterator[Finding]:
    """At the ROLLBACK TO, where something is given up."""
    for control in moment.all(ControlsTransaction):
        if control.command == "ROLLBACK TO":
            yield moment.finding(
                f"what was done since savepoint {control.savepoint} is given up, and the migration still succeeds",
                help="Let the migration fail as a whole, so that its state is known.",
                severity=Severity.NOTE,
            )
