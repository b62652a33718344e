"""A second live table locked against writers while an earlier statement still holds the first."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Relation, RelationKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@rule
def locks_pile_up_across_tables(moment: Moment) -> Iterator[Finding]:
    """Once per transaction, at the statement that takes the second table. Partitions go with their parent."""
    held = [lock for lock in moment.held if lock.mode.blocks_writes and moment.is_live(lock.relation)]
    first = next((lock for lock in held if not lock.created_here and lock.relation_kind in _TABLES), None)
    if first is None:
        return
    before = {_family(moment, lock.relation) for lock in held}
    taken = [
        lock for lock in moment.locks_on_live_tables() if lock.mode.blocks_writes and lock.relation_kind in _TABLES
    ]
    more = [lock for lock in taken if _family(moment, lock.relation) not in before]
    if more and not _said(moment):
        yield moment.finding(
            f"takes {more[0].mode.value} on {more[0].relation} while {first.mode.value} on {first.relation} is still "
            "held: "
            "both wait until the commit, and a transaction that needs them in the other order deadlocks",
            help="Give each table a migration of its own, as short as can be.",
            relations=(first.relation, more[0].relation),
            severity=Severity.NOTE,
        )


def _said(moment: Moment) -> bool:
    """Whether earlier statements of the transaction have already taken two unrelated tables one after the other."""
    taken = [lock for lock in moment.held if lock.mode.blocks_writes and moment.is_live(lock.relation)]
    families = {
        _family(moment, lock.relation) for lock in taken if not lock.created_here and lock.relation_kind in _TABLES
    }
    return len(families) > 1


def _family(moment: Moment, relation: Relation) -> Relation:
    table = moment.before.find(relation)
    return _family(moment, table.partition_of) if table is not None and table.partition_of else relation
