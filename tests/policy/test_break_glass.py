"""One named person may let a release through for an hour; nobody reviews their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatekeeper.model.gate import Approval, Decision, Gate, Opened, Refused, Waiting
from gatekeeper.policy.break_glass import is_reviewed
from gatekeeper.policy.gates import may_open

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GATE = Gate(
    "production", {"release-manager": 2}, "ada", authors=("ada",), aliases={"ada": ("a.l@example.com",)},
    break_glass=("ada", "ci@bot"),
)  # fmt: skip
WORD = Approval("production", Decision.BREAK_GLASS, "ada", "break-glass", "d1", NOW, "INC-7: logins fail")


def test_whoever_is_named_lets_it_through_though_they_wrote_and_started_it() -> None:
    answer = may_open(GATE, [WORD], "d1", NOW + timedelta(minutes=59))

    assert answer == Opened((WORD,))
    assert isinstance(answer, Opened)
    assert answer.is_break_glass


@pytest.mark.parametrize(
    ("word", "minutes"),
    [
        (replace(WORD, who="eve"), 0),
        (replace(WORD, who="ci[bot]"), 0),
        (replace(WORD, digest="d2"), 0),
        (WORD, 60),
        (WORD, -1),
        (replace(WORD, gate="staging"), 0),
        (replace(WORD, decision=Decision.REVIEW), 0),
    ],
)
def test_anybody_else_and_any_other_time_or_state_does_not(word: Approval, minutes: int) -> None:
    assert isinstance(may_open(GATE, [word], "d1", NOW + timedelta(minutes=minutes)), Waiting)


def test_where_nobody_is_named_nobody_can() -> None:
    assert isinstance(may_open(replace(GATE, break_glass=()), [WORD], "d1", NOW), Waiting)


def test_what_was_rejected_stays_rejected() -> None:
    no = replace(WORD, decision=Decision.REJECT, who="bob")

    assert isinstance(may_open(GATE, [no, WORD], "d1", NOW), Refused)


@pytest.mark.parametrize(
    ("who", "counts"), [("ada", False), ("a.l@example.com", False), ("x[bot]", False), ("bob", True)]
)
def test_somebody_else_reviews_it(who: str, counts: bool) -> None:
    review = replace(WORD, decision=Decision.REVIEW, who=who)

    assert is_reviewed(GATE, [WORD, review]) is counts
