"""What will happen, and which row of the decision table would apply if it fails: said before anything is done."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gatekeeper.model.release import PlannedUndo, Release
from gatekeeper.policy.undo import Answer, Hold, SchemaState, Situation, Undo, decide_undo


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in words, the way back that applies, and the one if the previous version fails on the new schema."""

    steps: tuple[str, ...]
    if_it_fails: Undo | Hold
    unless: Undo | Hold | None

    def undo(self) -> tuple[PlannedUndo, ...]:
        """The rows in the shape in which they are signed and shown."""
        return tuple(PlannedUndo(way.row, way.plan) for way in (self.if_it_fails, self.unless) if way)


def foresee(release: Release, situation: Situation) -> Plan:
    """Say what would happen. `situation` holds what is known before the deploy.

    Whether the previous version works on the new schema is seen only after the migration; where that is open,
    both ways are said.
    """
    after = replace(situation, schema=_after_migrating(release, situation), ahead=len(release.migrations))
    steps = tuple(_steps(release))
    if after.schema is SchemaState.APPLIED and after.previous_works is Answer.UNKNOWN:
        hoped = decide_undo(replace(after, previous_works=Answer.PROVEN))
        feared = decide_undo(replace(after, previous_works=Answer.DISPROVEN))
        return Plan(steps, hoped, feared if feared != hoped else None)
    return Plan(steps, decide_undo(after), None)


def _after_migrating(release: Release, situation: Situation) -> SchemaState:
    if situation.schema is SchemaState.UNTOUCHED and release.migrations:
        return SchemaState.APPLIED
    return situation.schema


def _steps(release: Release) -> Iterator[str]:
    if release.migrations:
        ids = ", ".join(migration.id for migration in release.migrations)
        yield f"apply {ids} to the database of {release.environment}, giving way to its users"
        if release.previous is not None:
            yield f"ask {release.previous}, which still serves, whether it works on the new schema"
    yield f"deploy {release.version}"
    yield f"run the smoke checks against {release.version}"
