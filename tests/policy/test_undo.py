"""The decision table: every row is reached, and nothing unproven ever moves anything."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.policy.undo import (
    TABLE,
    Answer,
    ApplicationMove,
    Hold,
    SchemaState,
    Situation,
    Trouble,
    Undo,
    decide_undo,
)

YES, NO, DARK = Answer.PROVEN, Answer.DISPROVEN, Answer.UNKNOWN
APPLIED = Situation(schema=SchemaState.APPLIED, above_floor=YES, ahead=2)
BOUND = replace(APPLIED, previous_works=NO, down_proven=YES, nothing_lost=YES, fits_budget=YES)

CASES = [
    (1, Situation(above_floor=YES), Undo),
    (2, Situation(schema=SchemaState.FAILED_CLEAN), Undo),
    (3, Situation(schema=SchemaState.PARTIAL, repair_proven=YES), Undo),
    (3, Situation(schema=SchemaState.PARTIAL), Hold),
    (4, replace(APPLIED, previous_works=YES), Undo),
    (5, BOUND, Hold),
    (6, replace(BOUND, nothing_lost=NO), Hold),
    (7, replace(BOUND, nothing_lost=DARK), Hold),
    (8, replace(BOUND, fits_budget=NO), Hold),
    (9, replace(BOUND, down_proven=DARK), Hold),
    (10, replace(APPLIED, schema=SchemaState.CONTRACTED, previous_works=YES), Hold),
    (10, replace(APPLIED, above_floor=DARK, previous_works=YES), Hold),
    (11, replace(APPLIED, rewrote_values=True, previous_works=YES), Undo),
    (12, replace(APPLIED, has_previous=False), Hold),
    (13, replace(APPLIED, trouble=Trouble.INCONCLUSIVE, previous_works=YES), Hold),
    (14, replace(APPLIED, trouble=Trouble.ROLLBACK_FAILED), Hold),
]


@pytest.mark.parametrize(("row", "situation", "answer"), CASES)
def test_each_situation_gets_its_row(row: int, situation: Situation, answer: type) -> None:
    decision = decide_undo(situation)

    assert decision.row == row
    assert isinstance(decision, answer)


def test_every_row_of_the_table_has_a_case() -> None:
    reached = {next(row for row in TABLE if row.applies(situation)).plan for _, situation, _ in CASES}

    assert reached == {row.plan for row in TABLE}


def test_the_normal_case_rolls_back_the_application_and_leaves_the_schema() -> None:
    decision = decide_undo(replace(APPLIED, previous_works=YES))

    assert isinstance(decision, Undo)
    assert decision.application is ApplicationMove.ROLL_BACK
    assert "ahead by 2 migrations" in decision.plan


situations = st.builds(
    Situation,
    trouble=st.sampled_from(Trouble),
    schema=st.sampled_from(SchemaState),
    has_previous=st.booleans(),
    rewrote_values=st.booleans(),
    previous_works=st.sampled_from(Answer),
    down_proven=st.sampled_from(Answer),
    nothing_lost=st.sampled_from(Answer),
    fits_budget=st.sampled_from(Answer),
    above_floor=st.sampled_from(Answer),
    repair_proven=st.sampled_from(Answer),
    ahead=st.integers(0, 5),
)


@given(situations)
def test_nothing_rolls_back_by_itself_onto_a_schema_that_the_previous_version_was_not_seen_to_work_on(
    situation: Situation,
) -> None:
    decision = decide_undo(situation)

    if isinstance(decision, Undo) and decision.application is ApplicationMove.ROLL_BACK:
        assert situation.schema is SchemaState.UNTOUCHED or situation.previous_works is YES
        assert situation.has_previous
        assert situation.above_floor is YES


@given(situations)
def test_row_15_an_operator_gets_the_same_row_as_a_failed_check(situation: Situation) -> None:
    asked = decide_undo(replace(situation, trouble=Trouble.ASKED))

    assert asked == decide_undo(replace(situation, trouble=Trouble.FAILED))


@given(situations, st.sampled_from(["previous_works", "down_proven", "nothing_lost", "fits_budget", "above_floor"]))
def test_not_knowing_never_allows_more_than_knowing_the_worst(situation: Situation, claim: str) -> None:
    dark = decide_undo(replace(situation, **{claim: DARK}))  # type: ignore[arg-type]
    worst = decide_undo(replace(situation, **{claim: NO}))  # type: ignore[arg-type]

    assert isinstance(dark, Undo) == isinstance(worst, Undo)
