"""What an approver signs, and whether what is in the book was signed by them: nobody approves in another's name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.audit.dsse import NotSigned, opened, read_public_line, sealed, statement
from gatekeeper.model.gate import Approval
from gatekeeper.model.release import Release
from gatekeeper.policy.identity import Aliases, same_person

PREDICATE_TYPE = "urn:gatekeeper:approval:v1"


def words_of(release: Release, approval: Approval) -> bytes:
    """The statement: the subjects are the release's digest and its commit, the predicate is what was said."""
    subjects = {"release": {"sha256": approval.digest}}
    if release.commit:
        subjects["commit"] = {"gitCommit": release.commit}
    return statement(subjects, PREDICATE_TYPE, _predicate(release, approval))


def signed(release: Release, approval: Approval, key: Ed25519PrivateKey) -> Approval:
    """The approval with its envelope."""
    return replace(approval, envelope=sealed(words_of(release, approval), key))


def checked(
    release: Release, approvals: Sequence[Approval], keys: Mapping[str, Sequence[str]], aliases: Aliases
) -> tuple[Approval, ...]:
    """The approvals, each with whether a key of whoever it names has signed exactly these words."""
    return tuple(replace(one, is_signed=_is_signed(release, one, keys, aliases)) for one in approvals)


def _is_signed(release: Release, approval: Approval, keys: Mapping[str, Sequence[str]], aliases: Aliases) -> bool:
    if approval.envelope is None:
        return False
    theirs = [line for who, lines in keys.items() if same_person(who, approval.who, aliases) for line in lines]
    return any(_says(release, approval, line) for line in theirs)


def _says(release: Release, approval: Approval, line: str) -> bool:
    assert approval.envelope is not None
    try:
        found = opened(approval.envelope, read_public_line(line))
    except (NotSigned, ValueError):
        return False
    if not isinstance(found, dict) or found.get("predicateType") != PREDICATE_TYPE:
        return False
    subjects = found.get("subject")
    named = [one.get("digest") for one in subjects if isinstance(one, dict)] if isinstance(subjects, list) else []
    return found.get("predicate") == _predicate(release, approval) and {"sha256": approval.digest} in named


def _predicate(release: Release, approval: Approval) -> dict[str, str]:
    return {
        "release": release.id,
        "gate": approval.gate,
        "decision": approval.decision.value,
        "who": approval.who,
        "role": approval.role,
        "reason": approval.reason,
        "at": approval.at.isoformat(timespec="microseconds"),
        "kind": "human",
    }
