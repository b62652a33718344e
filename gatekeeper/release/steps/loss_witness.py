"""Loss witness: what would the ways down destroy now, and would they fit the budget? Asked of the target database.

It is asked at the moment of the decision, and again at every later one: what is true of a live database does not last.
"""

from collections.abc import Sequence
from typing import Any

from gatekeeper.model.proof import LossWitness
from gatekeeper.model.release import Phase
from gatekeeper.policy.undo import Answer
from gatekeeper.release.desk import Desk
from gatekeeper.release.history import target_of
from gatekeeper.release.step import Result, Work, done
from gatekeeper.release.way_down import fits_budget, from_facts, nothing_lost
from gatekeeper.staging.loss_count import count_losses
from gatekeeper.staging.snapshot import pull


def act(desk: Desk) -> Result:
    """Count, read-only, and go on whatever comes: the answer decides what may go back."""
    settings = desk.settings
    way = from_facts(desk.facts("verify").get("way_down", {}))
    counted = count_losses(target_of(settings), way.losses, settings.verify.witness_timeout)
    lost = nothing_lost(counted)
    production = pull(target_of(settings), settings.verify.witness_timeout).schema
    fits = fits_budget(way, production, settings.lint, settings.migrate.max_stall)
    told = f"{_told(counted)}; {_FITS[fits].format(budget=settings.migrate.max_stall.total_seconds())}"
    report = {
        "version": 1,
        "nothing_lost": lost.value,
        "fits_budget": fits.value,
        "losses": [_as_json(one) for one in counted],
    }
    evidence = desk.keep("loss witness", report, verdict=lost.value, summary=told)
    return done(told, evidence=(evidence.name,), nothing_lost=lost.value, fits_budget=fits.value)


def _as_json(counted: LossWitness) -> dict[str, Any]:
    """Numbers and queries, never a row."""
    loss = counted.loss
    return {
        "relation": loss.relation,
        "column": loss.column,
        "message": loss.message,
        "destroys": loss.destroys,
        "witness": loss.witness,
        "rows": counted.rows,
        "reason": counted.reason,
    }


_FITS = {
    Answer.PROVEN: "the way down fits {budget:g} s",
    Answer.DISPROVEN: "the way down would stall others for more than {budget:g} s",
    Answer.UNKNOWN: "how long the way down would stall others is not known",
}


def _told(counted: Sequence[LossWitness]) -> str:
    found = [f"{one.rows} {'row' if one.rows == 1 else 'rows'}: {one.loss.message}" for one in counted if one.rows]
    found += [f"unknown ({one.reason}): {one.loss.message}" for one in counted if one.rows is None]
    return "; ".join(found) or "the way down would destroy nothing now"


WORK = Work("loss witness", Phase.ROLL_BACK, act, asks_anew=True)
