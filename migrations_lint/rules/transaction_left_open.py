"""BEGIN with no COMMIT: what the script has locked stays locked until its session ends."""

from collections.abc import Iterator

from migrations_lint.model import CheckedMigration, CheckedStatement, ControlsTransaction, Direction, Finding
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_ENDS = frozenset({"COMMIT", "ROLLBACK", "PREPARE TRANSACTION"})


@release_rule
def transaction_left_open(release: Release) -> Iterator[Finding]:
    """Inside a transaction that the tool itself opens and ends, a BEGIN changes nothing."""
    if not release.has(ControlsTransaction):
        return
    for direction in Direction:
        for checked in release.migrations:
            begun = _left_open(checked, direction)
            if begun is not None:
                yield release.finding(
                    checked,
                    begun,
                    "this transaction is never ended: when the session closes PostgreSQL rolls it back, and until then "
                    "its locks are held",
                    help="Add a COMMIT as the last statement.",
                )


def _left_open(checked: CheckedMigration, direction: Direction) -> CheckedStatement | None:
    begun: CheckedStatement | None = None
    for statement in checked.statements:
        wrapped = statement.statement.fragment.in_transaction and not checked.migration.in_one_string
        if statement.direction is not direction or wrapped:
            continue
        for control in statement.all(ControlsTransaction):
            if control.command == "BEGIN" or control.chain:
                begun = statement
            elif control.command in _ENDS:
                begun = None
    return begun
