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
    Relation,
    RelationKind,
    Severity,
    Statement,
)
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Moment:
    """A statement, its facts, and the state in which it meets them.

    `held` are the locks that earlier statements of the same transaction still hold; `new` the relations that this
    migration has made, which no running code uses yet; `lock_timeout` is in force or None.
    """

    migration: Migration
    direction: Direction
    statement: Statement
    facts: tuple[Fact, ...]
    before: SchemaSnapshot
    settings: LintSettings
    transaction: int | None
    held: tuple[LockFact, ...] = ()
    new: frozenset[Relation] = frozenset()
    lock_timeout: str | None = None
    made_by_up: frozenset[Relation] = frozenset()
    rule: str = field(default="")

    def all(self, kind: type[F]) -> Iterator[F]:
        """The facts of one kind."""
        return (fact for fact in self.facts if isinstance(fact, kind))

    def locks_on_live_tables(self) -> Iterator[LockFact]:
        """Locks on tables and views that existed before this migration, so that someone may be using them."""
        return (lock for lock in self.all(LockFact) if self.is_live(lock.relation) and not lock.created_here)

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
        )
