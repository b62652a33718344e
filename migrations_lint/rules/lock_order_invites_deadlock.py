"""Two transactions that go out together and lock the same two tables in opposite order."""

from collections.abc import Iterator

from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    Finding,
    LockFact,
    Relation,
    RelationKind,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})
Taken = dict[Relation, int]


@release_rule
def lock_order_invites_deadlock(release: Release) -> Iterator[Finding]:
    """An application's transactions can agree with one order at most; said once per pair, at the second one."""
    seen: dict[tuple[Relation, Relation], CheckedMigration] = {}
    said: set[frozenset[Relation]] = set()
    for checked, statement, first, second in _orders(release):
        other = seen.get((second, first))
        if other is not None and frozenset({first, second}) not in said:
            said.add(frozenset({first, second}))
            yield release.finding(
                checked,
                statement,
                f"locks {first} and then {second}, {_where(other, checked)} locks them the other way round: whichever "
                "order the application's transactions take, one of the two deadlocks with them",
                help=f"Take them in one order everywhere; LOCK TABLE {second}, {first} at the head of the transaction "
                "settles it.",
                relations=(first, second),
            )
        seen.setdefault((first, second), checked)


def _orders(release: Release) -> Iterator[tuple[CheckedMigration, CheckedStatement, Relation, Relation]]:
    """Each pair of live tables that one transaction locks against writers in one statement after the other."""
    new = release.new
    taken: dict[tuple[str, int], list[Relation]] = {}
    for checked, statement in release.statements(LockFact):
        if statement.transaction is None:
            continue
        held = taken.setdefault((checked.migration.id, statement.transaction), [])
        locked = [
            lock.relation
            for lock in statement.locks
            if lock.mode.blocks_writes and lock.relation_kind in _TABLES and lock.relation not in new
        ]
        more = [relation for relation in locked if relation not in held]
        yield from ((checked, statement, first, second) for second in more for first in held)
        held += more


def _where(other: CheckedMigration, checked: CheckedMigration) -> str:
    return "an earlier transaction of this migration" if other is checked else other.migration.file_name
