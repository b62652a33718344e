"""INSERT with explicit numbers for a numbered column, and no setval after it."""

from collections.abc import Iterator

from migrations_lint.model import (
    Finding,
    LockFact,
    LockMode,
    Relation,
    RelationKind,
    RowChange,
    Severity,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def explicit_ids_outrun_sequence(release: Release) -> Iterator[Finding]:
    """The sequence goes on where it was, and comes upon the numbers that are taken."""
    if not release.has(RowChange):
        return
    moved = _moved(release)
    for checked, statement in release.statements(RowChange):
        for change in statement.all(RowChange):
            table = release.after.find(change.relation)
            numbered = [c.name for c in table.columns.values() if c.serial or c.identity] if table else []
            named = next((name for name in numbered if name in (change.columns or ())), None)
            if change.command != "INSERT" or named is None or _sequences(release, change.relation, named) & moved:
                continue
            yield release.finding(
                checked,
                statement,
                f"a later insert into {change.relation} fails when its sequence comes to a number that is given here "
                f"for {named}",
                help=f"SELECT setval(pg_get_serial_sequence('{change.relation}', '{named}'), "
                f"(SELECT max({named}) FROM {change.relation}));",
                relations=(change.relation,),
                severity=Severity.WARNING,
            )


def _sequences(release: Release, relation: Relation, column: str) -> set[Relation]:
    return {sequence.relation for sequence in release.after.owned_sequences(relation, column)}


def _moved(release: Release) -> set[Relation]:
    """Sequences that some statement of the release touches by name: with setval, or with RESTART."""
    return {
        lock.relation
        for _, statement in release.statements(LockFact)
        for lock in statement.locks
        if lock.relation_kind is RelationKind.SEQUENCE and lock.mode is not LockMode.ACCESS_EXCLUSIVE
        if not any(True for _ in statement.all(RowChange))
    }
