"""The decision table for rollbacks: what goes back, in which order, and who decides. Data, read top to bottom."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """What is known of a claim. `unknown` never counts as proven."""

    PROVEN = "proven"
    DISPROVEN = "disproven"
    UNKNOWN = "unknown"


class SchemaState(Enum):
    """What the release has done to the database."""

    UNTOUCHED = "untouched"
    FAILED_CLEAN = "failed clean"
    PARTIAL = "partial"
    APPLIED = "applied"
    CONTRACTED = "contracted"


class Trouble(Enum):
    """Why a way back is asked for."""

    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ASKED = "asked"
    ROLLBACK_FAILED = "rollback failed"


class ApplicationMove(Enum):
    """What happens to the running application."""

    ROLL_BACK = "roll back"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the table looks at, each claim with what is known of it."""

    trouble: Trouble = Trouble.FAILED
    schema: SchemaState = SchemaState.UNTOUCHED
    has_previous: bool = True
    rewrote_values: bool = False
    previous_works: Answer = Answer.UNKNOWN
    """C: the previous application works on the new schema."""
    down_proven: Answer = Answer.UNKNOWN
    """P: the way down was proven on staging, from the schema that production had."""
    nothing_lost: Answer = Answer.UNKNOWN
    """L: a witness on production found no row or value that the way down would destroy."""
    fits_budget: Answer = Answer.UNKNOWN
    """K: the locks and the time of the way down fit the budget."""
    above_floor: Answer = Answer.UNKNOWN
    """F: no release since the previous one has taken away what it needs."""
    repair_proven: Answer = Answer.UNKNOWN
    ahead: int = 0
    """How many migrations of this release the database has."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Done without asking: what happens to the application; the schema is left as it is."""

    row: int
    application: ApplicationMove
    plan: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing moves until a person decides; `plan` says what there is to decide."""

    row: int
    plan: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: it applies where every named input has one of the values."""

    number: int
    when: Mapping[str, frozenset[object]]
    plan: str
    application: ApplicationMove | None
    """None where the row holds."""

    def applies(self, situation: Situation) -> bool:
        """Whether the situation fits this line."""
        return all(getattr(situation, name) in values for name, values in self.when.items())


def _is(*values: object) -> frozenset[object]:
    return frozenset(values)


_NOT_PROVEN = _is(Answer.DISPROVEN, Answer.UNKNOWN)
_PROVEN = _is(Answer.PROVEN)
_HOLD = None

TABLE: tuple[Row, ...] = (
    Row(
        14,
        {"trouble": _is(Trouble.ROLLBACK_FAILED)},
        "The rollback itself failed. There is no rollback of a rollback: the environment stays frozen until a "
        "person has looked at it.",
        _HOLD,
    ),
    Row(
        2,
        {"schema": _is(SchemaState.FAILED_CLEAN)},
        "The migration failed inside its transaction: nothing was changed and nothing was deployed, so there is "
        "nothing to undo.",
        ApplicationMove.STAYS,
    ),
    Row(
        3,
        {"schema": _is(SchemaState.PARTIAL), "repair_proven": _PROVEN},
        "The migration stopped half-way and the old version still serves: repair what is left over, and don't run "
        "the way down.",
        ApplicationMove.STAYS,
    ),
    Row(
        3,
        {"schema": _is(SchemaState.PARTIAL)},
        "The migration stopped half-way and the old version still serves. Drop an invalid index concurrently, or "
        "let the migration go on; don't run the way down.",
        _HOLD,
    ),
    Row(
        12,
        {"has_previous": _is(False)},
        "This is the first release, so there is no version to go back to. Show a maintenance page and fix it "
        "forward; the schema stays.",
        _HOLD,
    ),
    Row(
        10,
        {"schema": _is(SchemaState.CONTRACTED)},
        "The release has removed what the previous version needs. No way down brings the data back: roll forward; "
        "a recovery point is the last resort and loses what was written since.",
        _HOLD,
    ),
    Row(
        10,
        {"above_floor": _NOT_PROVEN},
        "The previous version lies below the rollback floor, or nobody knows: roll forward.",
        _HOLD,
    ),
    Row(
        13,
        {"trouble": _is(Trouble.INCONCLUSIVE)},
        "The checks could not tell whether the new version works. It keeps serving until a person has looked: "
        "resume the release to ask again, or roll it back.",
        _HOLD,
    ),
    Row(
        1,
        {"schema": _is(SchemaState.UNTOUCHED)},
        "Roll the application back; the release has no migration, so the schema stays as it is.",
        ApplicationMove.ROLL_BACK,
    ),
    Row(
        11,
        {"rewrote_values": _is(True), "previous_works": _PROVEN},
        "Roll the application back and leave the schema and the values that the release rewrote: the previous "
        "version works with them. The schema is ahead by {ahead}.",
        ApplicationMove.ROLL_BACK,
    ),
    Row(
        4,
        {"previous_works": _PROVEN},
        "Roll the application back and leave the schema, on which the previous version works. The schema is ahead "
        "by {ahead}; a later release cleans up.",
        ApplicationMove.ROLL_BACK,
    ),
    Row(
        9,
        {"down_proven": _NOT_PROVEN},
        "Neither the previous version on the new schema nor the way down is proven. Prove one of them on staging "
        "(`gatekeeper verify`), or roll forward.",
        _HOLD,
    ),
    Row(
        6,
        {"nothing_lost": _is(Answer.DISPROVEN)},
        "The way down would destroy rows or values that were written since. Roll forward, or bridge the gap with a "
        "view, a default or a trigger.",
        _HOLD,
    ),
    Row(
        7,
        {"nothing_lost": _is(Answer.UNKNOWN)},
        "Nobody knows whether the way down would destroy data. Run the witness queries of the verify report on "
        "production, or roll forward.",
        _HOLD,
    ),
    Row(
        8,
        {"fits_budget": _NOT_PROVEN},
        "The way down is not known to fit the lock budget. Plan a maintenance window, or roll forward.",
        _HOLD,
    ),
    Row(
        5,
        {},
        "The previous version needs the old schema, and the way down is proven and loses nothing. Neither order is "
        "safe under traffic: stop writes, run the way down, roll the application back, run the smoke checks, open "
        "again.",
        _HOLD,
    ),
)

ASKED_OF_THE_DATABASE = frozenset({5, 6, 7, 8})
"""The rows that hang on what only the target database can say, at the moment of the decision."""


def decide_undo(situation: Situation) -> Undo | Hold:
    """The first line of the table that fits; the last one fits everything."""
    row = next(row for row in TABLE if row.applies(situation))
    plan = row.plan.format(ahead=_migrations(situation.ahead))
    if row.application is None:
        return Hold(row.number, plan)
    return Undo(row.number, row.application, plan)


def _migrations(count: int) -> str:
    return "1 migration" if count == 1 else f"{count} migrations"
