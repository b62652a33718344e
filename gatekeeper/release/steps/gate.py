"""The gate: does everything still stand as it was checked, and has everybody approved who must?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gatekeeper.git import GitProblem
from gatekeeper.git import authors as authors_between
from gatekeeper.model.gate import Approval, Decision, Gate, Opened, Refused, Waiting
from gatekeeper.model.release import Outcome, Phase
from gatekeeper.policy.break_glass import is_reviewed
from gatekeeper.policy.freeze import Freeze, Frozen, frozen
from gatekeeper.policy.gates import may_open
from gatekeeper.release import serving
from gatekeeper.release.at_gate import gate_of, said_of, signed, was_let_through
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
    found = {name: desk.facts(name) for name in ("lint", "verify", "rehearse")}
    paper = signed(desk.settings, desk.release, found, evidence)
    desk.foresee(paper.digest, paper.plan.undo()[0])
    writers = authors(desk)
    gate = gate_of(desk.settings, desk.release, writers)
    facts: dict[str, Any] = {"digest": paper.digest, "inputs": paper.inputs.as_json(), "plan": list(paper.plan.steps)}
    facts["authors"] = list(writers)
    freeze = frozen([Freeze(one.name, one.begins, one.lasts, one.zone) for one in desk.settings.gate.freeze], now())
    match may_open(gate, said_of(desk.settings, desk.store, desk.release), paper.digest, now()):
        case Opened() as opened if opened.is_break_glass:
            word = opened.by[0]
            return done(f"BREAK-GLASS by {word.who}: {word.reason}", **facts, break_glass=word.who)
        case Opened() if freeze is not None:
            return waiting(when_to_go_on(desk.release_id, freeze), WAITS_FOR_A_PERSON, **facts)
        case Opened() if (open_reviews := unreviewed(desk, gate)) and gate.needs:
            return waiting(how_to_review(open_reviews), WAITS_FOR_A_PERSON, **facts)
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


def unreviewed(desk: Desk, gate: Gate) -> tuple[str, ...]:
    """The earlier releases of this place that one person has let through, and nobody else has looked at."""
    book = desk.store.approvals
    earlier = [one for name in book.releases_with(Decision.BREAK_GLASS) if (one := desk.store.record(name)) is not None]
    through = [one.release for one in earlier if was_let_through(one) and one.release.place == desk.release.place]
    others = [one for one in through if one.id != desk.release_id]
    return tuple(one.id for one in others if not is_reviewed(gate, said_of(desk.settings, desk.store, one)))


def how_to_review(releases: Sequence[str]) -> str:
    """The sentence that a release ends with when a break-glass before it was not reviewed."""
    commands = " and ".join(f"`gatekeeper gate review {one} --reason …`" for one in releases)
    return (
        f"{', '.join(releases)} went out by break-glass and nobody else has looked at it yet: {commands}, then resume"
    )


def when_to_go_on(release_id: str, frozen: Frozen) -> str:
    """The sentence that a release ends with when nothing may go out now."""
    until = f"{frozen.until:%Y-%m-%d %H:%M} UTC"
    return f"frozen ({frozen.freeze.name}) until {until}; then run `gatekeeper release resume {release_id}`"


def authors(desk: Desk) -> tuple[str, ...]:
    """Everybody who wrote a commit since the version that was released last, by name and by address."""
    release = desk.release
    if not release.commit:
        return ()
    earlier = (one for one in desk.store.releases.newest(1000) if one.place == release.place and one.id != release.id)
    before = next((one.commit for one in earlier if one.outcome is Outcome.RELEASED and one.commit), None)
    try:
        people = authors_between(Path.cwd(), before, release.commit)
    except GitProblem as problem:
        desk.remark("gate", f"who wrote this release is not known: {problem}")
        return ()
    return tuple(dict.fromkeys(name for person in people for name in (person.email, person.name) if name))


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
