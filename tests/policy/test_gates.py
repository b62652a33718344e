"""A gate opens for the right people, for exactly what they saw, and for nobody else."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.gate import Approval, Decision, Gate, Opened, Refused, Waiting
from gatekeeper.policy.gates import may_open

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PEOPLE = ["ada@example.org", "bob@example.org", "cleo@example.org", "dan@example.org"]


def gate(needs: dict[str, int] | None = None, **more: object) -> Gate:
    return Gate("production", needs or {"release-manager": 1}, starter="starter@example.org", **more)  # type: ignore[arg-type]


def said(
    who: str = PEOPLE[0],
    role: str = "release-manager",
    decision: Decision = Decision.APPROVE,
    digest: str = "d1",
    minutes_ago: float = 5,
) -> Approval:
    return Approval("production", decision, who, role, digest, NOW - timedelta(minutes=minutes_ago))


def why_void(approval: Approval, of: Gate | None = None) -> str:
    answer = may_open(of or gate(), [approval], "d1", NOW)
    assert isinstance(answer, Waiting)
    return answer.void[0].because


def test_one_approval_of_the_right_role_opens_the_gate() -> None:
    assert may_open(gate(), [said()], "d1", NOW) == Opened((said(),))


def test_a_gate_that_asks_for_nobody_is_open() -> None:
    assert isinstance(may_open(Gate("production", {}, "x"), [], "d1", NOW), Opened)


def test_without_approvals_it_waits_and_says_for_how_many() -> None:
    answer = may_open(gate({"release-manager": 2}), [said()], "d1", NOW)

    assert isinstance(answer, Waiting)
    assert answer.missing == {"release-manager": 1}
    assert answer.have == (said(),)


def test_one_person_is_counted_once_however_the_name_is_written() -> None:
    twice = [said("Ada@Example.org", minutes_ago=9), said("ada@example.org ")]

    assert isinstance(may_open(gate({"release-manager": 2}), twice, "d1", NOW), Waiting)


def test_one_person_does_not_fill_two_roles() -> None:
    both = [said(role="release-manager"), said(role="dba")]

    assert isinstance(may_open(gate({"release-manager": 1, "dba": 1}), both, "d1", NOW), Waiting)


def test_who_may_sit_in_two_roles_takes_the_one_that_is_missing() -> None:
    spoken = [
        said(role="release-manager", minutes_ago=9),
        said(role="dba", minutes_ago=8),
        said("bob@x", minutes_ago=7),
    ]

    answer = may_open(gate({"release-manager": 1, "dba": 1}), spoken, "d1", NOW)

    assert isinstance(answer, Opened)
    assert {(a.who, a.role) for a in answer.by} == {("bob@x", "release-manager"), (PEOPLE[0], "dba")}


def test_the_starter_does_not_approve_their_own_release() -> None:
    assert "somebody else" in why_void(said("Starter@example.org"))


def test_the_settings_may_name_the_starter_for_a_role() -> None:
    named = gate(approvers={"release-manager": ("starter@example.org",)})

    assert isinstance(may_open(named, [said("starter@example.org")], "d1", NOW), Opened)


def test_only_the_people_whom_the_settings_name_count() -> None:
    assert "not among those named" in why_void(said(), gate(approvers={"release-manager": ("bob@example.org",)}))


def test_machines_cannot_approve() -> None:
    for machine in ["dependabot[bot]", "Deploy-Bot", "ci@example.org", "github-actions", " "]:
        assert "machines" in why_void(said(machine))


def test_machines_may_reject() -> None:
    no = said("scanner[bot]", decision=Decision.REJECT)

    assert may_open(gate(), [said(), no], "d1", NOW) == Refused(no)


def test_an_approval_of_another_digest_is_void() -> None:
    assert "another state" in why_void(said(digest="d0"))


def test_expiry_is_counted_when_the_gate_is_used() -> None:
    old = said(minutes_ago=24 * 60)

    assert "expired" in why_void(old)
    assert isinstance(may_open(gate(), [old], "d1", NOW - timedelta(seconds=1)), Opened)


def test_a_rejection_is_sticky_for_its_digest_only() -> None:
    no = said("bob@example.org", decision=Decision.REJECT, minutes_ago=60)
    later = [no, said("bob@example.org"), said()]

    assert may_open(gate(), later, "d1", NOW) == Refused(no)
    assert isinstance(may_open(gate(), [no, said(digest="d2")], "d2", NOW), Opened)


def test_a_rejection_cannot_be_withdrawn() -> None:
    no = said(decision=Decision.REJECT, minutes_ago=9)

    assert may_open(gate(), [no, said(decision=Decision.WITHDRAW)], "d1", NOW) == Refused(no)


def test_who_withdraws_may_approve_again() -> None:
    back = [said(minutes_ago=9), said(decision=Decision.WITHDRAW, minutes_ago=8)]

    assert isinstance(may_open(gate(), back, "d1", NOW), Waiting)
    assert isinstance(may_open(gate(), [*back, said()], "d1", NOW), Opened)


def test_a_role_that_nobody_asked_for_does_not_count() -> None:
    assert "not for intern" in why_void(said(role="intern"))


roles = st.sampled_from(["release-manager", "dba", "security"])
spoken = st.lists(
    st.builds(
        said,
        who=st.sampled_from([*PEOPLE, "starter@example.org", "x[bot]"]),
        role=roles,
        decision=st.sampled_from(Decision),
        digest=st.sampled_from(["d1", "d0"]),
        minutes_ago=st.floats(0, 30 * 60),
    ),
    max_size=8,
)
needs_of_a_gate = st.dictionaries(roles, st.integers(1, 2), min_size=1)


@given(needs_of_a_gate, spoken)
def test_an_open_gate_has_its_quorum_of_distinct_people_who_saw_this_digest(
    needs: dict[str, int], approvals: list[Approval]
) -> None:
    answer = may_open(gate(needs), approvals, "d1", NOW)

    if isinstance(answer, Opened):
        assert len({a.who for a in answer.by}) == len(answer.by) == sum(needs.values())
        assert all(a.digest == "d1" and a.who in PEOPLE for a in answer.by)
        assert not any(a.decision is Decision.REJECT and a.digest == "d1" for a in approvals)


@given(needs_of_a_gate, spoken)
def test_no_way_to_seat_the_people_is_overlooked(needs: dict[str, int], approvals: list[Approval]) -> None:
    answer = may_open(gate(needs), [a for a in approvals if a.decision is Decision.APPROVE], "d1", NOW)
    valid = {
        (a.who, a.role)
        for a in approvals
        if a.decision is Decision.APPROVE and a.digest == "d1" and a.who in PEOPLE
        and NOW - a.at < timedelta(hours=24)
    }  # fmt: skip
    seats = [role for role, count in needs.items() for _ in range(count)]
    can_be_filled = any(
        all((who, role) in valid for who, role in zip(people, seats, strict=True))
        for people in permutations(PEOPLE, len(seats))
    )

    assert isinstance(answer, Opened) == can_be_filled


@given(spoken, spoken)
def test_a_rejected_digest_stays_rejected_whatever_is_said_later(before: list[Approval], after: list[Approval]) -> None:
    no = said(decision=Decision.REJECT)

    assert isinstance(may_open(gate(), [*before, no, *after], "d1", NOW), Refused)


def test_nobody_approves_what_they_wrote_under_whatever_name() -> None:
    of = gate(
        authors=("12345+ada@users.noreply.github.com",), aliases={PEOPLE[0]: ("12345+Ada@users.noreply.github.com",)}
    )

    assert "wrote a commit of this release" in why_void(said(PEOPLE[0]), of)
    assert isinstance(may_open(of, [said(PEOPLE[1])], "d1", NOW), Opened)


def test_a_named_approver_does_not_approve_their_own_commits_either() -> None:
    of = gate(authors=(PEOPLE[0],), approvers={"release-manager": (PEOPLE[0],)})

    assert "wrote a commit of this release" in why_void(said(PEOPLE[0]), of)


def test_one_person_under_two_names_is_counted_once() -> None:
    of = gate({"release-manager": 2}, aliases={PEOPLE[0]: ("ada", "ada@home.example")})

    assert isinstance(may_open(of, [said("ada"), said("ada@home.example")], "d1", NOW), Waiting)
    assert isinstance(may_open(of, [said("ada"), said(PEOPLE[1])], "d1", NOW), Opened)


def test_whoever_started_it_does_not_approve_it_under_another_name() -> None:
    of = gate(aliases={"starter@example.org": ("starter-at-work",)})

    assert "started the release" in why_void(said("Starter-At-Work"), of)
