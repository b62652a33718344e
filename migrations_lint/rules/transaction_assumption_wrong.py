"""A statement that only works, or only means something, inside a transaction, where none is open."""

from collections.abc import Iterator

from migrations_lint.model import ControlsTransaction, Finding, LockFact, LocksTable, SetsParameter, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_REFUSED = frozenset({"SAVEPOINT", "RELEASE", "ROLLBACK TO"})
_WITHOUT_EFFECT = frozenset({"COMMIT", "ROLLBACK"})


@rule
def transaction_assumption_wrong(moment: Moment) -> Iterator[Finding]:
    """LOCK TABLE and savepoints are errors there (SQLSTATE 25P01); COMMIT and SET LOCAL only draw a warning."""
    for command in _refused(moment):
        yield moment.finding(
            f"{command} fails here: it needs a transaction, and {moment.migration.tool} runs this script without one",
            help="Put BEGIN before it and COMMIT after what it protects, or let the tool wrap the script.",
        )
    for effect in _without_effect(moment):
        yield moment.finding(
            f"{effect} does nothing here: no transaction is open, so each statement above stands committed by itself",
            help="Put BEGIN before the first statement that belongs to it, or remove it.",
            severity=Severity.WARNING,
        )


def _refused(moment: Moment) -> Iterator[str]:
    if any(moment.transaction is None for _ in moment.all(LocksTable)):
        yield "LOCK TABLE"
    for control in moment.all(ControlsTransaction):
        if control.command in _REFUSED and moment.transaction is None:
            yield control.command


def _without_effect(moment: Moment) -> Iterator[str]:
    for control in moment.all(ControlsTransaction):
        if control.command in _WITHOUT_EFFECT and moment.transaction is None:
            yield control.command
    for change in moment.all(SetsParameter):
        if moment.transaction is not None:
            return
        if change.local and change.name != "lock_timeout" and not any(True for _ in moment.all(LockFact)):
            yield f"SET LOCAL {change.name}"
