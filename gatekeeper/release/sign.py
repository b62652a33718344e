"""What people say at a gate: shown to them first, then written down."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.gate import Approval, Decision, Opened, Refused, Waiting
from gatekeeper.model.message import Event
from gatekeeper.model.release import Release, ReleaseRecord
from gatekeeper.policy.break_glass import may_not_break, may_not_review
from gatekeeper.policy.gates import objection
from gatekeeper.release.approver import checked, signed
from gatekeeper.release.at_gate import answer_at_gate, authors_of, gate_of, said_of, was_let_through
from gatekeeper.release.desk import Silence, now
from gatekeeper.report.gate import Paper
from gatekeeper.store.open import Store


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody wants to say."""

    decision: Decision
    who: str
    role: str | None
    reason: str
    key: Ed25519PrivateKey | None = None
    """With which the statement is signed, where the approver has one."""


class NothingToSign(GatekeeperError):
    """The release does not wait at a gate."""

    exit_code = 2


class MayNotApprove(GatekeeperError):
    """An approval that would not count is not written down."""

    exit_code = 2


def paper_of(settings: Settings, store: Store, record: ReleaseRecord) -> Paper:
    """What there is to sign; raises NothingToSign where the release has not reached its gate."""
    step = record.step("gate")
    if step is None or "inputs" not in step.result.get("facts", {}):
        raise NothingToSign(
            f"release {record.release.id} has not reached its gate",
            next_step=f"`gatekeeper release status {record.release.id}` says where it stands.",
        )
    gate = gate_of(settings, record.release, authors_of(record))
    facts = step.result["facts"]
    return Paper(record, gate, facts["inputs"], tuple(facts["plan"]), store.approvals.of(record.release.id))


def say(settings: Settings, store: Store, record: ReleaseRecord, word: Word) -> Approval:
    """Write it into the book; raises NothingToSign, or MayNotApprove for an approval that would not count."""
    gate = gate_of(settings, record.release, authors_of(record))
    waits = answer_at_gate(settings, store, record)
    if waits is None:
        raise _not_at_gate(record)
    role = word.role or _only(tuple(gate.needs))
    said = _written(settings, record.release, word, role)
    if word.decision is Decision.APPROVE:
        _refuse_what_would_not_count(waits, objection(gate, said, said.digest, said.at), word)
    store.approvals.add(record.release.id, said)
    return said


def break_glass(settings: Settings, store: Store, record: ReleaseRecord, word: Word) -> Approval:
    """Let the release through, and have people told; raises NothingToSign or MayNotApprove."""
    from gatekeeper.release.postman import deliver, letters_about  # heavy, and only this word is told to people

    if answer_at_gate(settings, store, record) is None:
        raise _not_at_gate(record)
    release = record.release
    gate = gate_of(settings, release, authors_of(record))
    said = _written(settings, release, word, "break-glass")
    if (because := may_not_break(gate, said, said.digest, said.at)) is not None:
        raise MayNotApprove(
            f"{word.who} cannot break the glass",
            seen=[because],
            next_step="`break_glass` under [gate] names those who may; everybody else approves at the gate.",
        )
    told = letters_about(settings, release, Event.BREAK_GLASS, f"{word.who} has broken the glass: {word.reason}")
    store.approvals.add(release.id, said, told)
    deliver(settings, store, Silence())
    return said


def review(settings: Settings, store: Store, record: ReleaseRecord, word: Word) -> Approval:
    """Write down that somebody else has looked at a break-glass; raises NothingToSign or MayNotApprove."""
    if not was_let_through(record):
        raise NothingToSign(
            f"release {record.release.id} did not go out by break-glass", next_step="There is nothing to review."
        )
    gate = gate_of(settings, record.release, authors_of(record))
    said = _written(settings, record.release, word, "review")
    if (because := may_not_review(gate, said, said_of(settings, store, record.release))) is not None:
        raise MayNotApprove(f"{word.who} cannot review this", seen=[because], next_step="Somebody else reviews it.")
    store.approvals.add(record.release.id, said)
    return said


def _written(settings: Settings, release: Release, word: Word, role: str) -> Approval:
    """The entry for the book, signed on this machine where there is a key."""
    gate = settings.gate
    said = Approval(release.environment, word.decision, word.who, role, release.digest, now(), word.reason)
    if word.key is not None:
        said = signed(release, said, word.key)
    return checked(release, [said], gate.keys, gate.aliases)[0]


def _not_at_gate(record: ReleaseRecord) -> NothingToSign:
    return NothingToSign(
        f"release {record.release.id} does not wait at a gate",
        next_step=f"`gatekeeper release status {record.release.id}` says where it stands.",
    )


def _refuse_what_would_not_count(waits: Opened | Waiting | Refused, because: str | None, word: Word) -> None:
    if isinstance(waits, Refused):
        because = f"{waits.by.who} has rejected exactly this"
    if because is not None:
        raise MayNotApprove(
            f"{word.who} cannot approve this",
            seen=[because],
            next_step="Somebody else approves it; `gatekeeper gate show` says who may.",
        )


def _only(roles: tuple[str, ...]) -> str:
    if len(roles) == 1:
        return roles[0]
    raise NothingToSign(f"the gate knows the roles {', '.join(sorted(roles))}", next_step="Say which with --role.")
