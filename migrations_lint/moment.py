"""One statement at its place: what it does, what is already locked, what exists, who still uses it.

This is all that a rule may look at. A rule asks in facts, never in syntax.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from migrations_lint.backfill import mark_above
from migrations_lint.dialect import Dialect, dialect_of
from migrations_lint.facts.mentions import bare_names_of
from migrations_lint.impact import Impact, impact_of, sized, weighed
from migrations_lint.model import (
    AddsConstraint,
    Constraint,
    CreatesRelation,
    Direction,
    Fact,
    Finding,
    Fix,
    LockFact,
    Migration,
    NeedsNoTransaction,
    Relation,
    RelationKind,
    Severity,
    Statement,
    Step,
    Work,
    declared_constraints,
)
from migrations_lint.parse.alter import AlterTable, alter_table
from migrations_lint.parse.text import SqlText
from migrations_lint.session import Session
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import EMPTY, TEMPORARY, SchemaSnapshot, Size
from migrations_lint.steps import fix_of

F = TypeVar("F")


class OnRelation(Protocol):
    """A fact about one relation."""

    @property
    def relation(self) -> Relation:
        """The relation that it is about."""
        ...


R = TypeVar("R", bound=OnRelation)


@dataclass(frozen=True, slots=True)
class Moment:
    """A statement, its facts, and the state in which it meets them: the schema `before` it, and its `session`.

    `production` is a snapshot of the database that the migration will meet, where one was given, and `pending` says
    that it does not hold the migration yet. `doomed` are the relations that a later statement of the script drops.
    """

    migration: Migration
    direction: Direction
    statement: Statement
    facts: tuple[Fact, ...]
    before: SchemaSnapshot
    settings: LintSettings
    session: Session
    made_by_up: frozenset[Relation] = frozenset()
    production: SchemaSnapshot | None = None
    pending: bool = True
    doomed: frozenset[Relation] = frozenset()
    _by_kind: dict[type, tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def transaction(self) -> int | None:
        """The number of the transaction in which the statement runs; None is outside of any."""
        return self.session.transaction

    @property
    def is_backfill(self) -> bool:
        """Marked as a backfill, so that it is applied in batches."""
        mark = mark_above(self.statement.fragment.sql, self.statement.start)
        return mark is not None and mark.backfill is not None

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

    @property
    def brief(self) -> Severity:
        """How much a lock matters that is held for a moment: little, where waiting for it ends by itself."""
        gives_way = self.lock_timeout is not None or self.settings.timeout_set_by_runner
        return Severity.NOTE if gives_way else Severity.WARNING

    def all(self, kind: type[F]) -> Iterator[F]:
        """The facts of one kind."""
        found = self._by_kind.get(kind)
        if found is None:  # more than a hundred rules ask, about few kinds
            found = self._by_kind[kind] = tuple(fact for fact in self.facts if isinstance(fact, kind))
        return iter(found)

    def has(self, *kinds: type) -> bool:
        """Whether there is a fact of one of these kinds."""
        return any(True for kind in kinds for _ in self.all(kind))

    def all_on_live(self, kind: type[R]) -> Iterator[R]:
        """The facts of one kind about relations that existed before this migration."""
        return (fact for fact in self.all(kind) if self.is_live(fact.relation))

    def locks_on_live_tables(self, *works: Work) -> Iterator[LockFact]:
        """Locks on tables and views that existed before this migration, so that someone may be using them.

        With `works`, only those under which PostgreSQL does one of these.
        """
        found = self._by_kind.get(Moment)
        if found is None:
            live = (lock for lock in self.all(LockFact) if not lock.created_here and self.is_live(lock.relation))
            found = self._by_kind[Moment] = tuple(live)
        return (lock for lock in found if lock.work in works) if works else iter(found)

    def declared_constraints(self) -> Iterator[tuple[Relation, Constraint]]:
        """The constraints that the statement puts on tables, new ones and old, each with its table."""
        return declared_constraints(self.facts if self.has(AddsConstraint, CreatesRelation) else ())

    def first_blocking_lock(self) -> LockFact | None:
        """The lock with which this transaction begins to make writers of a live table wait, else None.

        CONCURRENTLY waits without making others wait, so its locks are none.
        """
        first = next((lock for lock in self.locks_on_live_tables() if lock.mode.blocks_writes), None)
        if first is None or self.has(NeedsNoTransaction):
            return None
        return None if any(self._blocks(lock) for lock in self.held) else first

    def _blocks(self, lock: LockFact) -> bool:
        return lock.mode.blocks_writes and self.is_live(lock.relation) and not lock.created_here

    def is_live(self, relation: Relation) -> bool:
        """Whether the relation is older than this migration; temporary ones never are.

        On the way down, what the way up has made is used by the release that is being taken back, if by anyone.
        """
        return relation not in self.session.new and relation not in self.made_by_up and relation.schema != TEMPORARY

    def kind_of(self, relation: Relation) -> RelationKind:
        """What the relation is, as far as known."""
        table = self.before.find(relation)
        return table.kind if table else RelationKind.TABLE

    def size_of(self, relation: Relation) -> Size | None:
        """How large the relation is in production; None where no snapshot tells."""
        if self.production is None:
            return None
        known = self.before.find(relation)
        if known is not None and known.size is not None:
            return known.size
        there = self.production.find(relation)
        if there is not None:
            return there.size
        made_meanwhile = known is not None and self.pending and self.direction is Direction.UP
        return EMPTY if made_meanwhile else None

    def sized(self, relation: Relation) -> str:
        """The relation with its number of rows in production, where a snapshot tells."""
        return sized(relation, self.size_of(relation))

    def impact_of(self, locks: Iterable[LockFact]) -> Impact | None:
        """What the work under these locks comes to in production; None where no snapshot tells."""
        return impact_of(((lock, self.size_of(lock.relation)) for lock in locks), self.settings)

    @property
    def dialect(self) -> Dialect:
        """How the migration's tool spells a safe rewrite."""
        return dialect_of(self.migration.tool)

    def bare_names(self) -> tuple[str, ...]:
        """The relations that the statement names without a schema; temporary ones are none."""
        names = dict.fromkeys(bare_names_of(self.statement))
        return tuple(name for name in names if self.before.find(Relation(TEMPORARY, name)) is None)

    @property
    def text(self) -> SqlText:
        """The statement as it is written, for changes at its tokens."""
        return SqlText(self.statement.sql)

    @property
    def alter_table(self) -> AlterTable | None:
        """The statement cut into its sub-commands, where it is an ALTER TABLE."""
        return alter_table(self.statement.sql) if self.statement.kind == "alter_table_stmt" else None

    def fix(self, *steps: Step | None, undo: str | None = None, unsafe: str | None = None) -> Fix | None:
        """These steps in place of the statement; None where one of them found no place in its text.

        `undo` is what a way back says to take the statement as it is back, `unsafe` why a person has to decide.
        """
        return fix_of(self.statement, self.direction, *steps, facts=self.facts, undo=undo, unsafe=unsafe)

    def finding(
        self,
        message: str,
        *,
        help: str,  # noqa: A002 - the word of the interface
        relations: tuple[Relation, ...] = (),
        severity: Severity = Severity.ERROR,
        fix: Fix | None = None,
        lasting: Iterable[LockFact] = (),
    ) -> Finding:
        """A finding at this statement.

        `lasting` are the locks whose work is the harm: it lasts as long as they do. With a snapshot of production the
        message then says how long that is, and what is soon over is only a note.
        """
        impact = self.impact_of(lasting)
        if impact is not None:
            message, severity = f"{message}; it {impact}", weighed(severity, impact, self.settings)
        return Finding(
            rule="",  # the engine knows who asked
            severity=severity,
            message=self.migration.said(message, self.statement.fragment, self.direction),
            expected_seconds=None if impact is None else impact.seconds,
            help=help,
            path=self.statement.fragment.source.path,
            begins=self.statement.begins,
            ends=self.statement.ends,
            relations=relations,
            fix=fix,
        )
