"""A table read through, or locked, once for each of several statements that could be one ALTER TABLE."""

from collections.abc import Iterator

from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    CreatesIndex,
    Direction,
    Finding,
    LockFact,
    LockMode,
    Relation,
    Severity,
    Work,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_LONG = frozenset({Work.SCAN, Work.REWRITE})


@release_rule
def repeated_alters_lock_twice(release: Release) -> Iterator[Finding]:
    """In one transaction the second lock costs nothing, so there only a second scan or rewrite counts."""
    for direction in Direction:
        for checked in release.migrations:
            yield from _repeated(release, checked, direction)


def _repeated(release: Release, checked: CheckedMigration, direction: Direction) -> Iterator[Finding]:
    before: CheckedStatement | None = None
    for statement in checked.statements:
        if statement.direction is not direction:
            continue
        one, other = _altered(before), _altered(statement)
        if one is not None and other is not None and one.relation == other.relation and one.relation not in release.new:
            again = {one.work, other.work} <= _LONG
            if again or statement.transaction is None:
                yield release.finding(
                    checked,
                    statement,
                    f"{other.relation} is {'gone through' if again else 'locked'} a second time, right after the "
                    "statement before: both could be one",
                    help=f"Join them: ALTER TABLE {other.relation} …, … does all its actions under one lock, in one "
                    "pass.",
                    relations=(other.relation,),
                    severity=Severity.NOTE,
                )
        before = statement


def _altered(checked: CheckedStatement | None) -> LockFact | None:
    """The one table that a statement takes ACCESS EXCLUSIVE on by altering it."""
    if checked is None or checked.statement.kind != "alter_table_stmt" or any(True for _ in checked.all(CreatesIndex)):
        return None
    strong: dict[Relation, LockFact] = {
        lock.relation: lock
        for lock in checked.locks
        if lock.mode is LockMode.ACCESS_EXCLUSIVE and not lock.created_here
    }
    return next(iter(strong.values())) if len(strong) == 1 else None
