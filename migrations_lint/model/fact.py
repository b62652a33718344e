"""The vocabulary of facts: what one statement locks, what it makes PostgreSQL do, what it changes.

`LockFact` is *predicted* by `facts/` and *observed* on a real server by `gatekeeper.staging.lock_trace`; both
witnesses speak these words, and the tests demand that they agree. The other facts are what the catalog replays
and what rules ask about; those that change the schema stand in `change.py` and `object_change.py`.
"""

from dataclasses import dataclass
from enum import Enum

from migrations_lint.locks import LockMode
from migrations_lint.model.change import RelationChange
from migrations_lint.model.object_change import ObjectChange
from migrations_lint.model.relation import Relation, RelationKind


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
class LocksTable:
    """LOCK TABLE, for one of the tables it names."""

    relation: Relation
    mode: LockMode
    nowait: bool = False


@dataclass(frozen=True, slots=True)
class RowChange:
    """INSERT, UPDATE, DELETE, MERGE, TRUNCATE or COPY FROM.

    `bounded`: a WHERE that is more than `true` narrows it; `where_columns` are the columns it names. `columns` are
    those that INSERT lists or UPDATE sets, None where an INSERT lists none. `from_query`: INSERT … SELECT or MERGE,
    `star` with `SELECT *`; `rows` counts VALUES. `along`: emptied by TRUNCATE … CASCADE without being named.
    """

    relation: Relation
    command: str
    bounded: bool
    columns: tuple[str, ...] | None = ()
    where_columns: tuple[str, ...] = ()
    from_query: bool = False
    star: bool = False
    rows: int = 0
    along: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Maintains:
    """VACUUM, VACUUM FULL, ANALYZE or CLUSTER; `relation` is None where it goes through every table."""

    command: str
    relation: Relation | None


@dataclass(frozen=True, slots=True)
class Reindexes:
    """REINDEX; `scope` is INDEX, TABLE, SCHEMA, DATABASE or SYSTEM, `name` what it names (public left out)."""

    scope: str
    name: str
    concurrently: bool


@dataclass(frozen=True, slots=True)
class RefreshesView:
    """REFRESH MATERIALIZED VIEW; `with_data` is False for WITH NO DATA."""

    relation: Relation
    concurrently: bool
    with_data: bool = True


@dataclass(frozen=True, slots=True)
class RunsBlock:
    """DO, or a call of a function whose body is known; the facts beside it are those of the statements inside."""

    command: str


@dataclass(frozen=True, slots=True)
class TruncatesIdentifier:
    """A name longer than 63 bytes, as it is written; PostgreSQL cuts it off."""

    identifier: str


@dataclass(frozen=True, slots=True)
class FindsInPlace:
    """IF NOT EXISTS finds something of that name; `differs` says how it is not what would have been made."""

    relation: Relation
    what: str
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetsParameter:
    """SET or RESET of a run-time parameter; `value` is None for RESET and SET … TO DEFAULT."""

    name: str
    value: str | None
    local: bool


SchemaChange = RelationChange | ObjectChange
Fact = (
    LockFact
    | Unknown
    | NeedsNoTransaction
    | ControlsTransaction
    | LocksTable
    | RowChange
    | Maintains
    | Reindexes
    | RefreshesView
    | RunsBlock
    | TruncatesIdentifier
    | FindsInPlace
    | SetsParameter
    | SchemaChange
)
