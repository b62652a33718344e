"""Facts about relations: what a statement creates, alters or drops. `catalog.py` replays them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from migrations_lint.model.relation import Relation, RelationKind
from migrations_lint.model.schema import Column, Constraint, Policy, Trigger


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
class AddsColumn:
    """ALTER TABLE … ADD COLUMN; the constraints in its definition are also facts of their own, `inline`."""

    relation: Relation
    column: Column
    if_not_exists: bool = False
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class DropsColumn:
    """ALTER TABLE … DROP COLUMN; `along`: it goes with a type that is dropped."""

    relation: Relation
    column: str
    cascade: bool = False
    if_exists: bool = False
    along: bool = False


@dataclass(frozen=True, slots=True)
class RenamesColumn:
    """ALTER TABLE … RENAME COLUMN."""

    relation: Relation
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class ChangesColumnType:
    """ALTER COLUMN … TYPE; `before` is None where the schema does not know the column."""

    relation: Relation
    column: str
    type: str
    before: str | None
    using: str | None = None
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class SetsNotNull:
    """SET NOT NULL, or DROP NOT NULL where `required` is False."""

    relation: Relation
    column: str
    required: bool


@dataclass(frozen=True, slots=True)
class SetsDefault:
    """SET DEFAULT, or DROP DEFAULT where `default` is None; `default_sql` is the whole of it."""

    relation: Relation
    column: str
    default: str | None
    default_sql: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SetsIdentity:
    """ADD GENERATED … AS IDENTITY, or DROP IDENTITY where `identity` is False; `always` as for columns."""

    relation: Relation
    column: str
    identity: bool
    always: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class SetsExpression:
    """SET EXPRESSION AS (PostgreSQL 17), or DROP EXPRESSION where `expression` is None."""

    relation: Relation
    column: str
    expression: str | None


@dataclass(frozen=True, slots=True)
class AddsConstraint:
    """A constraint put on a table that exists; `inline`: ADD COLUMN declares it."""

    relation: Relation
    constraint: Constraint
    inline: bool = False


@dataclass(frozen=True, slots=True)
class ChangesConstraint:
    """ALTER CONSTRAINT; None for what the statement leaves as it is. ENFORCED and INHERIT: PostgreSQL 18."""

    relation: Relation
    name: str
    deferrable: bool | None = None
    enforced: bool | None = None
    inherited: bool | None = None


@dataclass(frozen=True, slots=True)
class DropsConstraint:
    """ALTER TABLE … DROP CONSTRAINT; `along`: it goes with what is dropped.

    `constraint` is what stood there, None where the schema does not know it.
    """

    relation: Relation
    name: str
    cascade: bool = False
    if_exists: bool = False
    along: bool = False
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class ValidatesConstraint:
    """ALTER TABLE … VALIDATE CONSTRAINT."""

    relation: Relation
    name: str


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
class CreatesTrigger:
    """CREATE TRIGGER."""

    relation: Relation
    trigger: Trigger
    or_replace: bool = False


@dataclass(frozen=True, slots=True)
class SwitchesTrigger:
    """ENABLE or DISABLE TRIGGER; `name` is None for ALL and for USER.

    `internal`: ALL, which includes the triggers that check foreign keys.
    """

    relation: Relation
    name: str | None
    enabled: bool
    internal: bool = False


@dataclass(frozen=True, slots=True)
class CreatesPolicy:
    """CREATE POLICY."""

    relation: Relation
    policy: Policy


@dataclass(frozen=True, slots=True)
class ChangesPolicy:
    """ALTER POLICY; None for what the statement leaves as it is."""

    relation: Relation
    name: str
    roles: tuple[str, ...] | None = None
    using: str | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True)
class SetsRowSecurity:
    """ENABLE, DISABLE, FORCE or NO FORCE ROW LEVEL SECURITY; None for what the statement leaves as it is."""

    relation: Relation
    enabled: bool | None = None
    forced: bool | None = None


class TableProperty(Enum):
    """What ALTER TABLE … SET or OWNER TO changes of a relation as a whole."""

    ACCESS_METHOD = "access method"
    CLUSTER_INDEX = "cluster index"
    LOGGED = "logged"
    OWNER = "owner"
    REPLICA_IDENTITY = "replica identity"
    TABLESPACE = "tablespace"


@dataclass(frozen=True, slots=True)
class SetsTableProperty:
    """A property and its new value as text: `yes` or `no` for LOGGED, NOTHING, FULL, DEFAULT or an index's name for
    REPLICA IDENTITY; None where it is taken away."""

    relation: Relation
    property: TableProperty
    value: str | None


@dataclass(frozen=True, slots=True)
class SetsStorageParameter:
    """SET (name = value) of a table or index, or RESET where `value` is None."""

    relation: Relation
    name: str
    value: str | None


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
