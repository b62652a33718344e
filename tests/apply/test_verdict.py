"""The server's answer decides, not its words: try again, give up, or look what is in place."""

import pytest

from gatekeeper.apply.verdict import Verdict, verdict_of


@pytest.mark.parametrize(
    ("error", "cancelled", "lost", "verdict"),
    [
        (None, False, False, Verdict.COMMITTED),
        (("55P03", "lock timeout"), False, False, Verdict.GAVE_WAY),
        (("40P01", "deadlock"), False, False, Verdict.GAVE_WAY),
        (("XX000", "tuple concurrently updated"), False, False, Verdict.GAVE_WAY),
        (("XX000", "something else"), False, False, Verdict.REFUSED),
        (("57014", "canceling statement due to user request"), True, False, Verdict.GAVE_WAY),
        (("57014", "canceling statement due to statement timeout"), False, False, Verdict.REFUSED),
        (("42P01", "no such table"), False, False, Verdict.REFUSED),
        (("57P01", "terminating connection"), False, True, Verdict.UNKNOWN),
        ((None, "server closed the connection unexpectedly"), False, True, Verdict.UNKNOWN),
        ((None, "not a query"), False, False, Verdict.REFUSED),
    ],
)
def test_what_follows_from_an_answer(
    error: tuple[str | None, str] | None, cancelled: bool, lost: bool, verdict: Verdict
) -> None:
    assert verdict_of(error, cancelled=cancelled, lost=lost) is verdict
