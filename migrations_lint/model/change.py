"""Facts about relations: what a statement creates, alters or drops. `catalog.py` replays them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migrations_lint.model.column_change import (
    AddsColumn,
    ChangesColumnType,
    DropsColumn,
    RenamesColumn,
    SetsDefault,
    SetsExpression,
    SetsIdentity,
    SetsNotNull,
)
from migrations_lint.model.constraint_change import (
    AddsConstraint,
    ChangesConstraint,
    DropsConstraint,
    ValidatesConstraint,
)
from migrations_lint.model.relation import Relation, RelationKind
from migrations_lint.model.schema import Column, Constraint
from migrations_lint.model.table_change import (
    ChangesPolicy,
    CreatesPolicy,
    CreatesTrigger,
    SetsRowSecurity,
    SetsStorageParameter,
    SetsTableProperty,
    SwitchesTrigger,
)


@dataclass(frozen=True, slots=True)
class CreatesRelation:
    """A new table, view, materialized view or sequence, or one that IF NOT EXISTS may have found in place.

    `complete`: whether `columns` lists all of them. `reads` and `mentions` are the relations and column names in a
    view's query (`*` where it says so); `from_query`: its rows are copied from a query by this statement.
    `data_type` is a sequence's, `partition_key` and `bound` are as written, expressions in their own text.
    `may_exist`: IF NOT EXISTS, where nothing is known of the schema that could tell; a history that has made other
    relations before is believed to know this one if it were there.
    """

    relation: Relation
    kind: RelationKind
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    partition_of: Relation | None = None
    inherits: tuple[Relation, ...] = ()
    reads: tuple[Relation, ...] = ()
    owned_by: tuple[Relation, str] | None = None
    is_default_partition: bool = False
    complete: bool = True
    or_replace: bool = False
    mentions: tuple[str, ...] = ()
    from_query: bool = False
    unlogged: bool = False
    data_type: str | None = None
    partition_key: tuple[str, ...] = ()
    bound: str | None = None
    may_exist: bool = False


@dataclass(frozen=True, slots=True)
class DropsRelation:
    """A table, view, materialized view or sequence that goes away; `along`: not named, it goes with what is."""

    relation: Relation
    kind: RelationKind
    if_exists: bool = False
    cascade: bool = False
    along: bool = False


@dataclass(frozen=True, slots=True)
class RenamesRelation:
    """A new name or a new schema for a relation (of `kind` INDEX too); `along`: not named, it moves with what is."""

    relation: Relation
    to: Relation
    kind: RelationKind
    along: bool = False


@dataclass(frozen=True, slots=True)
class CreatesIndex:
    """CREATE INDEX, or the index of a constraint; an expression among `columns` stands as its text in parentheses.

    `predicate` is the WHERE of a partial index; `plain`: every key has its type's own operator class, collation and
    order. `only`: ON ONLY a partitioned table. `of_constraint`: its PRIMARY KEY, UNIQUE or EXCLUDE, not CREATE INDEX.
    """

    relation: Relation
    index: Relation
    columns: tuple[str, ...]
    unique: bool
    concurrently: bool
    if_not_exists: bool = False
    method: str = "btree"
    predicate: str | None = None
    included: tuple[str, ...] = ()
    plain: bool = True
    only: bool = False
    of_constraint: bool = False


@dataclass(frozen=True, slots=True)
class DropsIndex:
    """DROP INDEX; where the schema knows it, the table that it is of, and its `columns` and `predicate`."""

    index: Relation
    relation: Relation | None
    concurrently: bool
    if_exists: bool = False
    cascade: bool = False
    columns: tuple[str, ...] = ()
    predicate: str | None = None


@dataclass(frozen=True, slots=True)
class AttachesIndex:
    """ALTER INDEX … ATTACH PARTITION: a partition's index becomes part of the partitioned table's."""

    parent: Relation
    index: Relation


@dataclass(frozen=True, slots=True)
class AttachesPartition:
    """ALTER TABLE … ATTACH PARTITION; `proved`: a valid CHECK makes the scan of the partition needless."""

    parent: Relation
    partition: Relation
    is_default: bool = False
    bound: str | None = None
    proved: bool = False


@dataclass(frozen=True, slots=True)
class DetachesPartition:
    """ALTER TABLE … DETACH PARTITION; FINALIZE completes a concurrent one that was interrupted."""

    parent: Relation
    partition: Relation
    concurrently: bool = False
    finalize: bool = False


@dataclass(frozen=True, slots=True)
class ChangesInheritance:
    """ALTER TABLE … INHERIT, or NO INHERIT where `joins` is False."""

    relation: Relation
    parent: Relation
    joins: bool


@dataclass(frozen=True, slots=True)
class ChangesSequence:
    """ALTER SEQUENCE, or SET GENERATED's own options: words such as `restart`, `as`, `increment`, `owned_by`.

    `data_type` is what AS says.
    """

    relation: Relation
    options: tuple[str, ...]
    data_type: str | None = None


RelationChange = (
    CreatesRelation
    | DropsRelation
    | RenamesRelation
    | AddsColumn
    | DropsColumn
    | RenamesColumn
    | ChangesColumnType
    | SetsNotNull
    | SetsDefault
    | SetsIdentity
    | SetsExpression
    | AddsConstraint
    | ChangesConstraint
    | DropsConstraint
    | ValidatesConstraint
    | CreatesIndex
    | DropsIndex
    | AttachesIndex
    | AttachesPartition
    | DetachesPartition
    | ChangesInheritance
    | CreatesTrigger
    | SwitchesTrigger
    | CreatesPolicy
    | ChangesPolicy
    | SetsRowSecurity
    | SetsTableProperty
    | SetsStorageParameter
    | ChangesSequence
)


def declared_constraints(facts: Iterable[object]) -> Iterator[tuple[Relation, Constraint]]:
    """The constraints that statements put on tables, new ones and old, each with its table."""
    for fact in facts:
        if isinstance(fact, AddsConstraint):
            yield fact.relation, fact.constraint
        elif isinstance(fact, CreatesRelation):
            yield from ((fact.relation, constraint) for constraint in fact.constraints)
