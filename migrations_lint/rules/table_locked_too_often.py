"""One table locked against everyone again and again by the transactions of one release."""

from collections.abc import Iterator

from migrations_lint.model import (
    Finding,
    LockFact,
    LockMode,
    Relation,
    RelationKind,
    Severity,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_OFTEN = 4
_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@release_rule
def table_locked_too_often(release: Release) -> Iterator[Finding]:
    """Each time everybody waits for the queries that run then. Said once a table, at the fourth transaction."""
    times: dict[Relation, list[object]] = {}
    for checked, statement in release.statements(LockFact):
        place: object = (
            (checked.migration.id, statement.transaction) if statement.transaction is not None else statement
        )
        for lock in statement.locks:
            strong = lock.mode is LockMode.ACCESS_EXCLUSIVE and lock.relation_kind in _TABLES
            if not strong or lock.relation in release.new:
                continue
            seen = times.setdefault(lock.relation, [])
            if any(place is one or place == one for one in seen):
                continue
            seen.append(place)
            if len(seen) == _OFTEN:
                yield release.finding(
                    checked,
                    statement,
                    f"{lock.relation} is locked against everyone for the {_OFTEN}th time in this release, and each "
                    "time all who "
                    "come wait for the queries that run then",
                    help="Join the changes that may go together into one ALTER TABLE.",
                    relations=(lock.relation,),
                    severity=Severity.NOTE,
                )
