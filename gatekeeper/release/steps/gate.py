"""The gate: does everything still stand as it was checked, and has everybody approved who must?"""

from typing import Any

from gatekeeper.model.gate import Approval, Opened, Refused, Waiting
from gatekeeper.model.release import Phase
from gatekeeper.policy.gates import may_open
from gatekeeper.release import serving
from gatekeeper.release.at_gate import gate_of, signed
from gatekeeper.release.desk import Desk, now
from gatekeeper.release.history import planned, project_history
from gatekeeper.release.step import Result, Work, done, failed, skipped, waiting
from gatekeeper.store.evidence import tampered

WAITS_FOR_A_PERSON = 5


def act(desk: Desk) -> Result:
    """Compute what is signed from what is there now, and weigh the approvals given for exactly that."""
    if (changed := _changed(desk)) is not None:
        return failed(f"{changed}; start a new release, which checks everything again")
    evidence = desk.store.evidence.of(desk.release_id)
    found = {name: desk.facts(name) for name in ("lint", "verify")}
    paper = signed(desk.settings, desk.release, found, evidence)
    desk.foresee(paper.digest, paper.plan.undo()[0])
    gate = gate_of(desk.settings, desk.release)
    facts: dict[str, Any] = {"digest": paper.digest, "inputs": paper.inputs.as_json(), "plan": list(paper.plan.steps)}
    match may_open(gate, desk.store.approvals.of(desk.release_id), paper.digest, now()):
        case Opened(by=()):
            return skipped("no approval is asked for", **facts)
        case Opened(by=by):
            return done(f"opened by {_people(by)}", **facts)
        case Refused(by=who):
            return failed(f"rejected by {who.who}{f': {who.reason}' if who.reason else ''}", **facts)
        case Waiting() as answer:
            return waiting(how_to_approve(desk.release_id, answer), WAITS_FOR_A_PERSON, **facts)


def how_to_approve(release_id: str, answer: Waiting) -> str:
    """The sentence that a release ends with when people are missing."""
    missing = " and ".join(f"{count} × {role}" for role, count in sorted(answer.missing.items()))
    role = sorted(answer.missing)[0]
    void = "".join(f" {v.approval.who}'s approval does not count: {v.because}." for v in answer.void)
    return (
        f"waits for the approval of {missing}.{void} Look at it with `gatekeeper gate show {release_id}`, approve "
        f"with `gatekeeper gate approve {release_id} --role {role}`, then run `gatekeeper release resume {release_id}`"
    )


def _changed(desk: Desk) -> str | None:
    """What is no longer as it was when the release was checked, or None."""
    release = desk.release
    if broken := tampered(desk.store.evidence.of(release.id)):
        return f"the evidence {', '.join(str(piece.path) for piece in broken)} is no longer what was kept"
    history = {migration.id: migration for migration in project_history(desk.settings).migrations}
    for migration in release.migrations:
        if migration.id not in history or planned([history[migration.id]]) != (migration,):
            return f"the migration {migration.id} was changed since it was checked"
    about = serving.of(desk.settings, release)
    if serving.can_be_asked(desk.settings, about):
        serves = serving.serving_version(desk.settings, about)
        if serves != release.previous:
            return (
                f"{serves or 'nothing'} serves now, but the release was checked against {release.previous or 'nothing'}"
            )
    return None


def _people(approvals: tuple[Approval, ...]) -> str:
    return " and ".join(f"{approval.who} ({approval.role})" for approval in approvals)


WORK = Work("gate", Phase.GATE, act)
