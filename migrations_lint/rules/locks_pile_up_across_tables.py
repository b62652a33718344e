"""A second live table locked against writers while an earlier statement still holds the first."""

from collections.abc import Iterable, Iterator

from migrations_lint.model import (
    ConstraintKind,
    Finding,
    LockFact,
    Relation,
    RelationKind,
    Severity,
)
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@rule
def locks_pile_up_across_tables(moment: Moment) -> Iterator[Finding]:
    """Once per transaction, at the statement that takes the second table. Partitions go with their parent."""
    here = dict(_tables(moment, moment.locks_on_live_tables()))
    held = _first_two(_tables(moment, moment.held)) if here else {}
    taken = {**held, **here}
    if len(held) > 1 or len(taken) < 2 or not (held or _adds_foreign_keys(moment)):
        return
    first, second, *_ = taken.values()
    message = (
        f"takes {second.mode.value} on {second.relation} while {first.mode.value} on {first.relation} is still held"
        if held
        else f"takes {first.mode.value} on {first.relation} and then {second.mode.value} on {second.relation}"
    )
    yield moment.finding(
        f"{message}: both wait until the commit, and a transaction that needs them in the other order deadlocks",
        help="Give each table a migration of its own, as short as can be.",
        relations=(first.relation, second.relation),
        severity=Severity.NOTE,
    )


def _adds_foreign_keys(moment: Moment) -> bool:
    """What else locks two tables in one statement has rules of its own."""
    keys = [key for _, key in moment.declared_constraints() if key.kind is ConstraintKind.FOREIGN_KEY]
    return moment.transaction is not None and len({key.references for key in keys}) > 1


def _first_two(tables: Iterable[tuple[Relation, LockFact]]) -> dict[Relation, LockFact]:
    """All that matters of what is held, which may be hundreds: none, one or more."""
    found: dict[Relation, LockFact] = {}
    for relation, lock in tables:
        found[relation] = lock
        if len(found) > 1:
            break
    return found


def _tables(moment: Moment, locks: Iterable[LockFact]) -> Iterator[tuple[Relation, LockFact]]:
    """The live tables that are locked against writers, by the head of their family."""
    for lock in locks:
        blocks = lock.mode.blocks_writes and lock.relation_kind in _TABLES and not lock.created_here
        if blocks and moment.is_live(lock.relation):
            yield _family(moment, lock.relation), lock


def _family(moment: Moment, relation: Relation) -> Relation:
    table = moment.before.find(relation)
    above = list(moment.before.parents(relation)) if table is not None and table.partition_of else []
    return above[-1] if above else relation
