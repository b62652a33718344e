"""What running a migration up, down and up again has shown."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gatekeeper.model.estimate import Estimate
from gatekeeper.model.grade import Grade
from migrations_lint.model import LockFact, LockMode, Relation, RelationKind, Severity


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
    """One object that the way back did not restore, in SQL words; `before` and `after` are None for absence.

    `relation` is the table of an index. What the team tolerates does not refute.
    """

    difference: DifferenceClass
    kind: str
    name: str
    before: str | None
    after: str | None
    grade: Grade = Grade.BREAKING
    relation: str | None = None
    tolerated: bool = False

    @property
    def refutes(self) -> bool:
        """Whether the schema is not what it was."""
        return not self.tolerated

    @property
    def object(self) -> str:
        """The object as SQL says it: `index patients_email on public.patients`."""
        if self.relation is None:
            return f"{self.kind} {self.name}"
        schema = self.relation.partition(".")[0]
        return f"{self.kind} {self.name.removeprefix(f'{schema}.')} on {self.relation}"


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
class LossWitness:
    """How many rows a loss is at one moment; None where it could not be counted, and why. Unknown is not zero.

    It is not due where the database does not have the migration, so that its way down will not run there.
    """

    loss: Loss
    rows: int | None
    reason: str | None = None
    is_due: bool = True

    @property
    def is_nothing(self) -> bool:
        """Whether it is known that nothing would be lost, and nothing would stop the way down."""
        return self.rows == 0


@dataclass(frozen=True, slots=True)
class ObservedLock:
    """A lock seen in `pg_locks`; held until the transaction's end, not the statement's."""

    relation: Relation
    mode: LockMode
    held_seconds: float
    relation_kind: RelationKind = RelationKind.TABLE


@dataclass(frozen=True, slots=True)
class TracedStatement:
    """One statement as a real server ran it.

    `locks` are those that it was the first in its transaction to take, `facts` all that it needed and what was done
    under them. `began` is in seconds since the script began; `wal_bytes` is None where others write on the server too.
    """

    line: int
    sql: str
    seconds: float
    locks: tuple[ObservedLock, ...] = ()
    rewrites: tuple[Relation, ...] = ()
    scans: tuple[Relation, ...] = ()
    index_builds: tuple[Relation, ...] = ()
    wal_bytes: int | None = None
    began: float = 0.0
    facts: tuple[LockFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Who has to wait for a table while a transaction is open, as another session found by asking; and for how long."""

    relation: Relation
    reads: bool
    writes: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class LockTrace:
    """One script as a real server ran it."""

    seconds: float
    statements: tuple[TracedStatement, ...] = ()
    waits: tuple[Wait, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a script stopped; `message` is the server's own."""

    direction: str
    statement: str
    sqlstate: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A statement for which the linter says one thing and the server did another; None means no lock at all."""

    direction: str
    line: int
    statement: str
    relation: Relation
    predicted: str | None
    observed: str | None


@dataclass(frozen=True, slots=True)
class VisitorWait:
    """How long one who read or wrote a table had to wait at most while a way ran, and how long before, in peace.

    Of `visits` that met the migration `failed` were refused, the first with `error`.
    """

    direction: str
    relation: Relation
    writes: bool
    longest_seconds: float
    calm_seconds: float
    visits: int
    failed: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Harm:
    """What a lint rule says of a statement by what the server was seen to do, where its text tells nothing."""

    direction: str
    line: int
    rule: str
    severity: Severity
    message: str
    help: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """A way up that was stopped after the statement at `line` was committed, or while it was at it (`is_inside`).

    `leaves` names what is there then and was not before, in SQL words; `refusal` says why the way up cannot be run
    again, None where it can.
    """

    line: int
    statement: str
    is_inside: bool
    leaves: tuple[str, ...]
    refusal: str | None


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
    disagreements: tuple[Disagreement, ...] = ()
    harms: tuple[Harm, ...] = ()
    traffic: tuple[VisitorWait, ...] = ()
    counted: tuple[LossWitness, ...] = ()
    """The losses as they stood on a live database, where one was asked."""
    estimates: tuple[Estimate, ...] = ()
    """How long others would wait in production, where its sizes are known and the work goes by them."""
    interruptions: tuple[Interruption, ...] = ()
    """What came of stopping the way up half-way; none for one that is a single transaction."""

    def can_be_run_again(self) -> bool:
        """Whether the way up can be run again wherever it was stopped, as far as was tried."""
        return all(one.refusal is None for one in self.interruptions)

    def loss_now(self) -> tuple[tuple[Loss, LossWitness | None], ...]:
        """Each loss, with what a live database says of it where one was asked."""
        said = {counted.loss: counted for counted in self.counted}
        return tuple((loss, said.get(loss)) for loss in self.loss)


@dataclass(frozen=True, slots=True)
class ChainProof:
    """The way down from head run as a whole: some histories can only be rolled back as a group."""

    verdict: ProofVerdict
    start: str | None
    end: str | None
    stopped_at: str | None = None
    schema_differences: tuple[SchemaDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviousVersion:
    """Whether the version before works on the new schema: proven, disproven or unknown; and what was seen."""

    version: str
    works: str
    told: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Everything one `gatekeeper verify` found.

    `stand_ins` is all that was replaced to make the history run, `remembered` how many proofs are an earlier run's.
    `base` is the database with whose schema it began, `applied` how many migrations that one has, which are left out.
    """

    server_version: int
    staging: str
    proofs: tuple[RollbackProof, ...]
    chain: ChainProof | None
    seconds: float
    stand_ins: tuple[str, ...] = ()
    remembered: int = 0
    previous: PreviousVersion | None = None
    base: str | None = None
    applied: int = 0

    def count(self, verdict: ProofVerdict) -> int:
        """How many migrations got this verdict."""
        return sum(proof.verdict is verdict for proof in self.proofs)
