"""Which tables a transaction will want in which mode, and at what point it asks for them. Pure.

Tables are asked for in one order by everybody, each in the strongest mode that is needed of it, before the first
statement that needs it: a lock that is raised later deadlocks with whoever does the same (PostgreSQL 18, Explicit
Locking, Deadlocks). What is wanted only after a statement that works through rows is asked for after that statement,
for a lock that is taken first is held all the time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migrations_lint.locks import CONFLICTS, strongest
from migrations_lint.model import LockFact, LockMode, Relation, RelationKind, Work

_WORTH_ASKING = LockMode.SHARE_UPDATE_EXCLUSIVE.rank  # weaker ones hinder no traffic, and nobody waits to get them
_LOCKABLE = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@dataclass(frozen=True, slots=True)
class Demand:
    """A table and the strongest mode in which it is wanted."""

    relation: Relation
    mode: LockMode

    @property
    def stalls(self) -> bool:
        """Whether readers or writers have to wait while it is held, and queue up while it is waited for."""
        return self.mode.blocks_reads or self.mode.blocks_writes

    @property
    def opposing(self) -> frozenset[LockMode]:
        """The modes that keep us out."""
        return CONFLICTS[self.mode]


def demands_of(locks: Iterable[LockFact]) -> tuple[Demand, ...]:
    """The strongest mode for each table that others can see, in the order in which everybody asks."""
    modes: dict[Relation, LockMode] = {}
    for lock in locks:
        if lock.relation_kind in _LOCKABLE and not lock.created_here:
            modes[lock.relation] = strongest(lock.mode, modes.get(lock.relation, lock.mode))
    return tuple(Demand(relation, modes[relation]) for relation in sorted(modes))


def asked_before(statements: Sequence[Sequence[LockFact]]) -> tuple[tuple[Demand, ...], ...]:
    """For each statement of a transaction, given by its locks: what is asked for just before it."""
    asked: list[tuple[Demand, ...]] = []
    at = 0
    while at < len(statements):
        end = at + 1
        while end < len(statements) and _is_quick(statements[end - 1]):
            end += 1
        demands = demands_of(lock for locks in statements[at:end] for lock in locks)
        asked.append(tuple(demand for demand in demands if demand.mode.rank >= _WORTH_ASKING))
        asked += [()] * (end - at - 1)
        at = end
    return tuple(asked)


def _is_quick(locks: Sequence[LockFact]) -> bool:
    return all(lock.work is Work.INSTANT or lock.created_here for lock in locks)
