"""The vocabulary of facts: what one statement locks, what it makes PostgreSQL do, what it changes.

`LockFact` is *predicted* by `facts/` and *observed* on a real server by `gatekeeper.staging.lock_trace`; both
witnesses speak these words, and the tests demand that they agree. The other facts are what the catalog replays
and what rules ask about.
"""

from dataclasses import dataclass
from enum import Enum

from migrations_lint.locks import LockMode


class RelationKind(Enum):
    """What `pg_class.relkind` calls it, in words; indexes carry no facts of their own."""

    TABLE = "table"
    PARTITIONED_TABLE = "partitioned table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    SEQUENCE = "sequence"
    FOREIGN_TABLE = "foreign table"
    INDEX = "index"


class Work(Enum):
    """What PostgreSQL does to the rows of a relation while it holds the lock."""

    INSTANT = "instant"
    SCAN = "scan"
    INDEX_BUILD = "index build"
    REWRITE = "rewrite"
    ROW_CHANGE = "row change"
    UNKNOWN = "unknown"


class Certainty(Enum):
    """`assumed`: a part of the schema that matters here is not known to the tool."""

    SURE = "sure"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A schema-qualified name, unquoted, as the catalog stores it."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class LockFact:
    """The strongest lock a statement takes on one relation, and the work done under it.

    `created_here`: the relation was made earlier in the same transaction, so nobody else can see it yet.
    """

    relation: Relation
    relation_kind: RelationKind
    mode: LockMode
    work: Work
    created_here: bool = False
    certainty: Certainty = Certainty.SURE


@dataclass(frozen=True, slots=True)
class Unknown:
    """A statement whose effect cannot be told from its text. Never means harmless."""

    reason: str


@dataclass(frozen=True, slots=True)
class NeedsNoTransaction:
    """PostgreSQL refuses the statement inside a transaction block (SQLSTATE 25001)."""

    command: str


@dataclass(frozen=True, slots=True)
class ControlsTransaction:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK TO, PREPARE TRANSACTION, COMMIT PREPARED and so on.

    START TRANSACTION is told as BEGIN, END as COMMIT. `chain` is AND CHAIN, which opens the next one at once.
    """

    command: str
    savepoint: str | None = None
    chain: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` as `format_type` spells it, `default` as text or None."""

    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    volatile_default: bool = False
    identity: bool = False
    generated: str | None = None  # "stored", "virtual"


class ConstraintKind(Enum):
    """`pg_constraint.contype` in words."""

    CHECK = "check"
    FOREIGN_KEY = "foreign key"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"
    EXCLUDE = "exclude"
    NOT_NULL = "not null"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A table constraint. `not_null_columns`: those that a valid CHECK or NOT NULL constraint proves filled."""

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    references: Relation | None = None
    referenced_columns: tuple[str, ...] = ()
    valid: bool = True
    not_null_columns: tuple[str, ...] = ()
    using_index: str | None = None


@dataclass(frozen=True, slots=True)
class CreatesRelation:
    """A new table, view, materialized view or sequence, or one that IF NOT EXISTS may have found in place."""

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


@dataclass(frozen=True, slots=True)
class DropsRelation:
    """A table, view, materialized view or sequence that goes away."""

    relation: Relation
    kind: RelationKind
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class RenamesRelation:
    """A new name or a new schema for a relation (of `kind` INDEX too)."""

    relation: Relation
    to: Relation
    kind: RelationKind


@dataclass(frozen=True, slots=True)
class AddsColumn:
    """ALTER TABLE … ADD COLUMN."""

    relation: Relation
    column: Column
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropsColumn:
    """ALTER TABLE … DROP COLUMN."""

    relation: Relation
    column: str
    cascade: bool = False


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


@dataclass(frozen=True, slots=True)
class SetsNotNull:
    """SET NOT NULL, or DROP NOT NULL where `required` is False."""

    relation: Relation
    column: str
    required: bool


@dataclass(frozen=True, slots=True)
class SetsDefault:
    """SET DEFAULT, or DROP DEFAULT where `default` is None."""

    relation: Relation
    column: str
    default: str | None


@dataclass(frozen=True, slots=True)
class AddsConstraint:
    """A constraint put on a table that exists."""

    relation: Relation
    constraint: Constraint


@dataclass(frozen=True, slots=True)
class DropsConstraint:
    """ALTER TABLE … DROP CONSTRAINT."""

    relation: Relation
    name: str


@dataclass(frozen=True, slots=True)
class ValidatesConstraint:
    """ALTER TABLE … VALIDATE CONSTRAINT."""

    relation: Relation
    name: str


@dataclass(frozen=True, slots=True)
class CreatesIndex:
    """CREATE INDEX; `columns` are plain column names, an expression stands as `(expression)`."""

    relation: Relation
    index: Relation
    columns: tuple[str, ...]
    unique: bool
    concurrently: bool
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropsIndex:
    """DROP INDEX; `relation` is None where the schema does not know whose index it is."""

    index: Relation
    relation: Relation | None
    concurrently: bool
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RowChange:
    """INSERT, UPDATE, DELETE, MERGE, TRUNCATE or COPY FROM; `bounded` where a WHERE clause narrows it."""

    relation: Relation
    command: str
    bounded: bool


@dataclass(frozen=True, slots=True)
class SetsParameter:
    """SET or RESET of a run-time parameter; `value` is None for RESET and SET … TO DEFAULT."""

    name: str
    value: str | None
    local: bool


SchemaChange = (
    CreatesRelation
    | DropsRelation
    | RenamesRelation
    | AddsColumn
    | DropsColumn
    | RenamesColumn
    | ChangesColumnType
    | SetsNotNull
    | SetsDefault
    | AddsConstraint
    | DropsConstraint
    | ValidatesConstraint
    | CreatesIndex
    | DropsIndex
)
Fact = LockFact | Unknown | NeedsNoTransaction | RowChange | SetsParameter | ControlsTransaction | SchemaChange
