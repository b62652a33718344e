"""One statement at its place: what it does, what is already locked, what exists, who still uses it.

This is all that a rule may look at. A rule asks in facts, never in syntax.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from migrations_lint.model import (
    Direction,
    Edit,
    Fact,
    Finding,
    LockFact,
    Migration,
    NeedsNoTransaction,
    Relation,
    RelationKind,
    Severity,
    Statement,
    fingerprint,
)
from migrations_lint.session import Session
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Moment:
    """A statement, its facts, and the state in which it meets them: the schema `before` it, and its `session`."""

    migration: Migration
    direction: Direction
    statement: Statement
    facts: tuple[Fact, ...]
    before: SchemaSnapshot
    settings: LintSettings
    session: Session
    made_by_up: frozenset[Relation] = frozenset()
    rule: str = field(default="")

    @property
    def transaction(self) -> int | None:
        """The number of the transaction in which the statement runs; None is outside of any."""
        return self.session.transaction

    @property
    def held(self) -> tuple[LockFact, ...]:
        """The locks that earlier statements of the same transaction still hold."""
        return self.session.held

    @property
    def new(self) -> frozenset[Relation]:
        """The relations that this migration has made, which no running code uses yet."""
        return self.session.new

    @property
    def lock_timeout(self) -> str | None:
        """The lock_timeout in force, or None where there is none."""
        return self.session.parameter("lock_timeout") if self.session.timeout("lock_timeout") else None

    def all(self, kind: type[F]) -> Iterator[F]:
        """The facts of one kind."""
        return (fact for fact in self.facts if isinstance(fact, kind))

    def locks_on_live_tables(self) -> Iterator[LockFact]:
        """Locks on tables and views that existed before this migration, so that someone may be using them."""
        return (lock for lock in self.all(LockFact) if self.is_live(lock.relation) and not lock.created_here)

    def first_blocking_lock(self) -> LockFact | None:
        """The lock with which this transaction begins to make writers of a live table wait, else None.

        CONCURRENTLY waits without making others wait, so its locks are none.
        """
        if any(True for _ in self.all(NeedsNoTransaction)) or any(self._blocks(lock) for lock in self.held):
            return None
        return next((lock for lock in self.locks_on_live_tables() if lock.mode.blocks_writes), None)

    def _blocks(self, lock: LockFact) -> bool:
        return lock.mode.blocks_writes and self.is_live(lock.relation) and not lock.created_here

    def is_live(self, relation: Relation) -> bool:
        """Whether the relation is older than this migration; temporary ones never are."""
        return relation not in self.new and relation.schema != "pg_temp"

    def kind_of(self, relation: Relation) -> RelationKind:
        """What the relation is, as far as known."""
        table = self.before.find(relation)
        return table.kind if table else RelationKind.TABLE

    def finding(
        self,
        message: str,
        *,
        help: str,  # noqa: A002 - the word of the interface
        relations: tuple[Relation, ...] = (),
        severity: Severity = Severity.ERROR,
        fix: tuple[Edit, ...] = (),
    ) -> Finding:
        """A finding at this statement."""
        return Finding(
            rule=self.rule,
            severity=severity,
            message=message,
            help=help,
            path=self.statement.fragment.source.path,
            begins=self.statement.begins,
            ends=self.statement.ends,
            relations=relations,
            fix=fix,
            fingerprint=fingerprint(self.rule, self.migration, self.direction, self.statement.sql, message),
        )
