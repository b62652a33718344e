"""Who may open which gate: quorum by role, distinct people, bound to the digest, counted at the time of use."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from gatekeeper.model.gate import Approval, Decision, Gate, Opened, Refused, Void, Waiting
from gatekeeper.policy.break_glass import broken_by
from gatekeeper.policy.identity import Aliases, is_machine, person, same_person


def may_open(gate: Gate, approvals: Sequence[Approval], digest: str, now: datetime) -> Opened | Waiting | Refused:
    """Weigh everything said at the gate so far, in the order in which it was said."""
    here = [approval for approval in approvals if approval.gate == gate.name]
    rejection = next((a for a in here if a.decision is Decision.REJECT and a.digest == digest), None)
    if rejection is not None:
        return Refused(rejection)
    if (broken := broken_by(gate, here, digest, now)) is not None:
        return Opened((broken,))
    standing = [
        approval for position, approval in enumerate(here) if _stands(approval, here[position + 1 :], gate.aliases)
    ]
    void = tuple(_void(gate, standing, digest, now))
    counted = [a for a in standing if a not in {entry.approval for entry in void}]
    chosen = _distinct_people(gate.needs, counted, gate.aliases)
    missing = _missing(gate.needs, chosen)
    if not missing:
        return Opened(tuple(chosen))
    return Waiting(gate.name, dict(gate.needs), tuple(chosen), missing, void)


def objection(gate: Gate, approval: Approval, digest: str, now: datetime) -> str | None:
    """Why this approval does not count, or None where it does."""
    named = gate.approvers.get(approval.role)
    if approval.role not in gate.needs:
        return f"the gate asks for {' and '.join(sorted(gate.needs)) or 'nobody'}, not for {approval.role}"
    if is_machine(approval.who):
        return "machines may reject but not approve"
    if named is not None and not any(same_person(approval.who, name, gate.aliases) for name in named):
        return f"{approval.who} is not among those named for {approval.role}"
    if any(same_person(approval.who, author, gate.aliases) for author in gate.authors):
        return f"{approval.who} wrote a commit of this release; somebody else approves it"
    if named is None and same_person(approval.who, gate.starter, gate.aliases):
        return f"{approval.who} started the release; somebody else approves it"
    if gate.must_sign and not approval.is_signed:
        return f"it is not signed with a key of {approval.who}"
    if approval.digest != digest:
        return "it was given for another state of the release"
    if now - approval.at >= gate.expires_after:
        return "it has expired"
    if approval.at > now:
        return "its time lies ahead of the clock"
    return None


def _stands(approval: Approval, later: Sequence[Approval], aliases: Aliases) -> bool:
    """Approved, and not withdrawn by the same person since."""
    withdrawn = any(a.decision is Decision.WITHDRAW and same_person(a.who, approval.who, aliases) for a in later)
    return approval.decision is Decision.APPROVE and not withdrawn


def _void(gate: Gate, approvals: Sequence[Approval], digest: str, now: datetime) -> Iterator[Void]:
    for approval in approvals:
        if (because := objection(gate, approval, digest, now)) is not None:
            yield Void(approval, because)


def _distinct_people(needs: Mapping[str, int], approvals: Sequence[Approval], aliases: Aliases) -> list[Approval]:
    """As many seats filled as can be, nobody sitting on two: augmenting paths over people and seats."""
    seats = [(role, seat) for role, count in sorted(needs.items()) for seat in range(count)]
    taken: dict[tuple[str, int], Approval] = {}
    people: dict[str, list[Approval]] = {}
    for approval in approvals:
        people.setdefault(person(approval.who, aliases), []).append(approval)

    def sit(offers: Sequence[Approval], seen: set[tuple[str, int]]) -> bool:
        for approval in offers:
            for seat in (seat for seat in seats if seat[0] == approval.role and seat not in seen):
                seen.add(seat)
                if seat not in taken or sit(people[person(taken[seat].who, aliases)], seen):
                    taken[seat] = approval
                    return True
        return False

    for offers in people.values():
        sit(offers, set())
    return sorted(taken.values(), key=lambda approval: approval.at)


def _missing(needs: Mapping[str, int], chosen: Sequence[Approval]) -> dict[str, int]:
    short = {role: count - sum(a.role == role for a in chosen) for role, count in needs.items()}
    return {role: count for role, count in short.items() if count > 0}
