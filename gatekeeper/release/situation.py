"""What the steps have found, as the decision table wants it."""

from collections.abc import Mapping
from typing import Any

from gatekeeper.model.release import Release
from gatekeeper.policy.undo import Answer, SchemaState, Situation, Trouble

Found = Mapping[str, Mapping[str, Any]]
"""The facts of each step by its name; a step that was not taken is missing."""


def situation_of(release: Release, found: Found, trouble: Trouble) -> Situation:
    """Weigh what is known. What was not looked at stays unknown."""
    removes = bool(found.get("lint", {}).get("removes"))
    schema = SchemaState(found.get("migrate", {}).get("schema", SchemaState.UNTOUCHED.value))
    contracted = removes and schema is SchemaState.APPLIED
    return Situation(
        trouble=trouble,
        schema=SchemaState.CONTRACTED if contracted else schema,
        has_previous=release.previous is not None,
        rewrote_values=bool(found.get("lint", {}).get("rewrites")),
        previous_works=_previous_works(found),
        down_proven=_answer(found, "verify", "down"),
        nothing_lost=_answer(found, "loss witness" if found.get("loss witness") else "verify", "nothing_lost"),
        fits_budget=_answer(found, "loss witness", "fits_budget"),
        above_floor=Answer.DISPROVEN if contracted else Answer.PROVEN,
        ahead=len(found.get("migrate", {}).get("applied", ())),
    )


def before_migrating(release: Release, found: Found) -> Situation:
    """The situation to foresee from: as if the migrations were in place, and nothing had been asked yet."""
    planned = {"schema": SchemaState.APPLIED.value, "applied": [m.id for m in release.migrations]}
    untouched = {"schema": SchemaState.UNTOUCHED.value}
    return situation_of(release, {**found, "migrate": planned if release.migrations else untouched}, Trouble.FAILED)


def _previous_works(found: Found) -> Answer:
    """Proven where it passed its smoke checks on the new schema and nothing was taken away or tightened.

    It is asked on staging before the gate, where that is set up, and in production after the migration; what either
    has seen to fail does not work.
    """
    seen = {_answer(found, "rehearse", "works"), _answer(found, "smoke previous", "works")}
    told = _answer(found, "lint", "expands")
    if Answer.DISPROVEN in {*seen, told}:
        return Answer.DISPROVEN
    return Answer.PROVEN if told is Answer.PROVEN and Answer.PROVEN in seen else Answer.UNKNOWN


def _answer(found: Found, step: str, fact: str) -> Answer:
    return Answer(found.get(step, {}).get(fact, Answer.UNKNOWN.value))
