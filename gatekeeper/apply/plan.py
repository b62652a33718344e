"""What `gatekeeper migrate` would do: what runs, what it locks, for about how long, and what undoing it would mean."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gatekeeper.apply.begin import preflight
from gatekeeper.apply.conditions import sizes_of
from gatekeeper.apply.demand import Demand
from gatekeeper.apply.migrate import pending_on
from gatekeeper.apply.preflight import Item
from gatekeeper.apply.session import direct
from gatekeeper.apply.statements import Batch, planned
from gatekeeper.apply.terms import Terms
from gatekeeper.policy.expand import shape_of
from gatekeeper.policy.undo import Answer, Hold, SchemaState, Situation, Undo, decide_undo
from migrations_lint.impact import Impact, impact_of
from migrations_lint.model import LockFact, Migration, Relation
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import Size


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """One transaction, or one statement without; `impact` is None where no rows are gone through, or sizes unknown."""

    batch: Batch
    demands: tuple[Demand, ...]
    impact: Impact | None


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """A migration that is due, in the parts in which it would run."""

    id: str
    path: Path
    parts: tuple[PlannedPart, ...]


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """Everything that would run, the state of the target, and the way back.

    `undo` is what applies if the previous version works on the new schema, then what if it does not, where they
    differ.
    """

    migrations: tuple[PlannedMigration, ...]
    preflight: tuple[Item, ...]
    undo: tuple[Undo | Hold, ...]


def plan(url: str, history: Sequence[Migration], terms: Terms) -> MigrationPlan:
    """Look at the target and say what would run; nothing is changed.

    Raises DatabaseUnreachable, BehindPooler or CannotApply.
    """
    with direct(url) as connection:
        due = pending_on(connection, history)
        version = connection.info.server_version // 10000
        told = planned(history, due, version)
        batches = [batch for _, parts in told for batch in parts]
        sizes = sizes_of(connection, (lock.relation for lock in _locks(batches)))
        items = preflight(connection, (connection.info.backend_pid,), batches, terms)
    settings = LintSettings(server_version=version)
    migrations = tuple(
        PlannedMigration(migration.id, migration.path, tuple(_part(batch, sizes, settings) for batch in parts))
        for migration, parts in told
    )
    return MigrationPlan(migrations, items, undo_of(batches, len(due)) if due else ())


def undo_of(batches: Iterable[Batch], ahead: int) -> tuple[Undo | Hold, ...]:
    """The rows of the decision table that would apply, if the previous version works on the new schema and if not."""
    shape = shape_of(fact for batch in batches for statement in batch.statements for fact in statement.facts)
    situation = Situation(
        schema=SchemaState.CONTRACTED if shape.removes else SchemaState.APPLIED,
        rewrote_values=bool(shape.rewrites),
        above_floor=Answer.PROVEN,
        ahead=ahead,
    )
    hoped = decide_undo(replace(situation, previous_works=Answer.PROVEN))
    feared = decide_undo(replace(situation, previous_works=Answer.DISPROVEN))
    return (hoped,) if hoped == feared else (hoped, feared)


def _part(batch: Batch, sizes: Mapping[Relation, Size], settings: LintSettings) -> PlannedPart:
    sized = [(lock, sizes.get(lock.relation)) for lock in _locks([batch]) if lock.relation in sizes]
    return PlannedPart(batch, batch.demands, impact_of(sized, settings))


def _locks(batches: Iterable[Batch]) -> list[LockFact]:
    return [lock for batch in batches for statement in batch.statements for lock in statement.locks]
