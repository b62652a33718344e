"""COMMIT or ROLLBACK in a script around which its tool has opened a transaction."""

from collections.abc import Iterator

from migrations_lint.model import ControlsTransaction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_ENDS = frozenset({"COMMIT", "ROLLBACK", "PREPARE TRANSACTION"})


@rule
def nested_begin_ends_runner_transaction(moment: Moment) -> Iterator[Finding]:
    """A BEGIN alone only draws a warning. Where a file is sent as one string, the tool has nothing open to end."""
    for control in moment.all(ControlsTransaction):
        if not moment.statement.fragment.in_transaction or moment.migration.in_one_string:
            return
        if control.command in _ENDS:
            tool = moment.migration.tool
            yield moment.finding(
                f"{control.command} ends the transaction that {tool} has opened: what came before is "
                f"{'undone' if control.command == 'ROLLBACK' else 'kept'} even if the rest fails, and {tool}'s own "
                "record "
                "of the migration stands outside of it",
                help=f"Leave the transaction to {tool}; what must run outside of it belongs in a migration of its own.",
                severity=Severity.WARNING,
            )
