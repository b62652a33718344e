"""Who is in the way is named; what they wrote in their query is nobody's business."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.blocker import without_data

SECRET = "Jane Roe"


@pytest.mark.parametrize(
    "literal",
    [
        f"'{SECRET}'",
        f"'it''s {SECRET}'",
        f"E'it\\'s {SECRET}'",
        f"$${SECRET}$$",
        f"$tag${SECRET} $$ $tag$",
        f"/* {SECRET} */ 1",
        f"1 -- {SECRET}\n",
        f"'{SECRET}",
        f"$x${SECRET}",
        f"/* {SECRET}",
    ],
)
def test_no_literal_and_no_comment_is_shown_even_where_the_query_is_cut_off(literal: str) -> None:
    shown = without_data(f"SELECT name FROM patients WHERE name = {literal}")

    assert shown.startswith("SELECT name FROM patients WHERE name = ?")
    assert "Jane" not in shown


@given(st.integers(0, 10**12), st.text(st.characters(blacklist_characters="'\\"), min_size=1))
def test_numbers_and_words_in_quotes_go_and_names_stay(number: int, words: str) -> None:
    assert without_data(f"SELECT t1.a FROM t1 WHERE b = {number} AND c = '{words}' AND d = $1") == (
        "SELECT t1.a FROM t1 WHERE b = ? AND c = ? AND d = $1"
    )
