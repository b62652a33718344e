"""A new foreign key's lock on the table it refers to, held while something slow goes on."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsConstraint,
    CheckedMigration,
    CheckedStatement,
    CreatesRelation,
    Direction,
    Finding,
    LockMode,
    Relation,
    Severity,
    Work,
    declared_constraints,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_SLOW = frozenset({Work.SCAN, Work.INDEX_BUILD, Work.REWRITE, Work.ROW_CHANGE})


@release_rule
def foreign_key_locks_referenced_table(release: Release) -> Iterator[Finding]:
    """A lock that is brief is left to lock-waits-without-timeout; here it lasts, because work follows it."""
    if not release.has(AddsConstraint, CreatesRelation):
        return
    for checked in release.migrations:
        said: set[Relation] = set()
        for at, statement in enumerate(checked.statements):
            live = [one for one in dict.fromkeys(_referenced(statement)) if one not in release.new | said]
            slow = _slow_after(checked, at, release.new | set(live)) if live else None
            if slow is None or statement.direction is Direction.DOWN:
                continue
            said |= set(live)
            yield release.finding(
                checked,
                statement,
                f"writes to {' and '.join(map(str, live))} wait until this transaction ends: the foreign key holds "
                f"SHARE ROW EXCLUSIVE there, and line {slow.statement.begins.line} is still to come",
                help="Put the foreign key last, or in a migration of its own with a lock_timeout.",
                relations=tuple(live),
                severity=Severity.WARNING,
                lasting=(lock for lock in slow.locks if lock.work in _SLOW and lock.work is not Work.ROW_CHANGE),
            )


def _referenced(statement: CheckedStatement) -> Iterator[Relation]:
    """The tables that get a brief SHARE ROW EXCLUSIVE; the longer ones are foreign-key-scan-blocks-writes."""
    brief = {lock.relation for lock in statement.locks if (lock.mode, lock.work) == _BRIEF}
    for _, key in declared_constraints(statement.facts):
        if key.references is not None and key.references in brief:
            yield key.references


def _slow_after(checked: CheckedMigration, at: int, besides: frozenset[Relation]) -> CheckedStatement | None:
    """The first statement that works on another table in use, in the same transaction."""
    first = checked.statements[at]
    if first.transaction is None:
        return None
    for statement in checked.statements[at + 1 :]:
        same = (statement.direction, statement.transaction) == (first.direction, first.transaction)
        if same and any(lock.work in _SLOW and lock.relation not in besides for lock in statement.locks):
            return statement
    return None


_BRIEF = (LockMode.SHARE_ROW_EXCLUSIVE, Work.INSTANT)
