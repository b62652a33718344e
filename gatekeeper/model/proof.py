"""What running a migration up, down and up again has shown."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from migrations_lint.model import LockMode, Relation


class ProofVerdict(Enum):
    """What is known of a migration's way back; the words of `gatekeeper verify --format json`."""

    PROVEN = "proven"
    LOSSY = "lossy"
    REFUTED = "refuted"
    IRREVERSIBLE = "irreversible"
    FAILED = "failed"

    @property
    def is_good(self) -> bool:
        """Whether an automatic rollback of the schema may rest on it."""
        return self is ProofVerdict.PROVEN


class DifferenceClass(Enum):
    """How an object differs from what it was."""

    LOST = "lost"
    LEFT_OVER = "left over"
    CHANGED = "changed"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """One object that the way back did not restore, in SQL words; `before` and `after` are None for absence."""

    difference: DifferenceClass
    kind: str
    name: str
    before: str | None
    after: str | None

    @property
    def refutes(self) -> bool:
        """Column order alone does not: PostgreSQL offers no way to restore it."""
        return self.difference is not DifferenceClass.ORDER


@dataclass(frozen=True, slots=True)
class DataDifference:
    """Rows or values that were there before the way up and are not the same after the way down."""

    relation: str
    column: str | None
    before: int
    after: int
    message: str


@dataclass(frozen=True, slots=True)
class Loss:
    """What a way down destroys of what was written since, and the read-only query that counts it now.

    Where it does not destroy, what the query counts would stop the way down: rows that break a restored constraint.
    """

    relation: str
    column: str | None
    message: str
    witness: str
    destroys: bool = True


@dataclass(frozen=True, slots=True)
class ObservedLock:
    """A lock seen in `pg_locks`; held until the transaction's end, not the statement's."""

    relation: Relation
    mode: LockMode
    held_seconds: float


@dataclass(frozen=True, slots=True)
class TracedStatement:
    """One statement as a real server ran it."""

    line: int
    sql: str
    seconds: float
    locks: tuple[ObservedLock, ...] = ()
    rewrites: tuple[Relation, ...] = ()
    scans: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class LockTrace:
    """One script as a real server ran it."""

    seconds: float
    statements: tuple[TracedStatement, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a script stopped; `message` is the server's own."""

    direction: str
    statement: str
    sqlstate: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class RollbackProof:
    """The proof, or the refutation, for one migration."""

    id: str
    path: Path
    verdict: ProofVerdict
    up: LockTrace
    down: LockTrace | None
    schema_differences: tuple[SchemaDifference, ...] = ()
    data_differences: tuple[DataDifference, ...] = ()
    loss: tuple[Loss, ...] = ()
    stand_ins: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ChainProof:
    """The way down from head run as a whole: some histories can only be rolled back as a group."""

    verdict: ProofVerdict
    start: str | None
    end: str | None
    stopped_at: str | None = None
    schema_differences: tuple[SchemaDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Everything one `gatekeeper verify` found."""

    server_version: int
    staging: str
    proofs: tuple[RollbackProof, ...]
    chain: ChainProof | None
    seconds: float

    def count(self, verdict: ProofVerdict) -> int:
        """How many migrations got this verdict."""
        return sum(proof.verdict is verdict for proof in self.proofs)
