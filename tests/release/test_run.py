"""The runbook, over every way in which its steps can turn out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.release import Outcome, PlannedMigration, Release, StepState
from gatekeeper.release.run import Ending, Runbook
from gatekeeper.release.step import Result, Work, done, failed, skipped, waiting

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RELEASE = Release(
    "r1", "clinic", "production", "v2", "v1", "abc", "ada", NOW, (PlannedMigration("0007", "0007.sql", "f", "s"),)
)  # fmt: skip
MIGRATED = done("", schema="applied", applied=["0007"])
GOOD: dict[str, Result] = {
    "lint": done("", expands="proven", removes=[], rewrites=[]),
    "verify": done("", down="proven", nothing_lost="proven"),
    "rehearse": skipped(""),
    "gate": done(""),
    "migrate": MIGRATED,
    "smoke previous": done("", works="proven"),
    "deploy": done(""),
    "smoke": done(""),
    "bake": skipped(""),
    "rollback": done(""),
    "verify rollback": done(""),
    "loss witness": done("nothing", nothing_lost="proven", fits_budget="proven"),
}


def follow(
    results: dict[str, Result], course: Callable[[Runbook], Ending] = Runbook.release
) -> tuple[Ending, list[str]]:
    taken: list[str] = []

    def take(work: Work) -> Result:
        taken.append(work.name)
        return results[work.name]

    return course(Runbook(RELEASE, take)), taken


def ending(**instead: Result) -> Ending:
    return follow(GOOD | {name.replace("_", " "): result for name, result in instead.items()})[0]


def test_a_good_release_takes_every_step_and_is_released() -> None:
    end, taken = follow(GOOD)

    assert (end.outcome, end.exit_code) == (Outcome.RELEASED, 0)
    assert taken == ["lint", "verify", "rehearse", "gate", "migrate", "smoke previous", "deploy", "smoke", "bake"]


@pytest.mark.parametrize("step", ["lint", "verify", "gate"])
def test_a_no_before_production_stops_it(step: str) -> None:
    end, taken = follow(GOOD | {step: failed("no")})

    assert (end.outcome, end.exit_code) == (Outcome.STOPPED, 1)
    assert "migrate" not in taken


def test_missing_approvals_leave_it_waiting() -> None:
    end = ending(gate=waiting("needs a person", 5))

    assert (end.outcome, end.exit_code) == (None, 5)


def test_a_migration_that_gave_way_can_be_tried_again() -> None:
    end, taken = follow(GOOD | {"migrate": waiting("locked", 4)})

    assert (end.outcome, end.exit_code) == (None, 4)
    assert "deploy" not in taken


def test_a_migration_that_failed_clean_stops_with_nothing_to_undo() -> None:
    end = ending(migrate=failed("syntax error", schema="failed clean"))

    assert (end.outcome, end.undo and end.undo.row) == (Outcome.STOPPED, 2)


def test_a_migration_that_stopped_half_way_is_held() -> None:
    end = ending(migrate=failed("invalid index", schema="partial"))

    assert (end.outcome, end.exit_code, end.undo and end.undo.row) == (Outcome.HELD, 5, 3)


def test_a_bad_version_goes_back_and_the_schema_stays() -> None:
    end, taken = follow(GOOD | {"smoke": failed("500")})

    assert (end.outcome, end.exit_code, end.undo and end.undo.row) == (Outcome.ROLLED_BACK, 1, 4)
    assert taken[-2:] == ["rollback", "verify rollback"]


def test_a_version_that_fails_its_objectives_goes_back_and_one_that_nobody_knows_is_held() -> None:
    back, taken = follow(GOOD | {"bake": failed("12 bad of 60")})
    held = ending(bake=waiting("no data", 5))

    assert (back.outcome, back.undo and back.undo.row) == (Outcome.ROLLED_BACK, 4)
    assert taken[-2:] == ["rollback", "verify rollback"]
    assert (held.outcome, held.undo and held.undo.row) == (Outcome.HELD, 13)


def test_a_deploy_that_failed_goes_back_without_asking_the_new_version() -> None:
    end, taken = follow(GOOD | {"deploy": failed("exit 1")})

    assert end.outcome is Outcome.ROLLED_BACK
    assert "smoke" not in taken


def test_a_previous_version_that_fails_on_the_new_schema_is_not_brought_back() -> None:
    end, taken = follow(GOOD | {"smoke previous": done("", works="disproven"), "smoke": failed("500")})

    assert end.outcome is Outcome.HELD
    assert "rollback" not in taken


@pytest.mark.parametrize(
    ("lost", "fits", "row"),
    [
        ("proven", "proven", 5), ("disproven", "proven", 6), ("unknown", "proven", 7), ("proven", "unknown", 8),
        ("disproven", "disproven", 6),
    ],
)  # fmt: skip
def test_the_target_database_is_asked_before_its_way_down_is_spoken_of(lost: str, fits: str, row: int) -> None:
    results = GOOD | {"smoke previous": done("", works="disproven"), "smoke": failed("500")}
    results |= {"loss witness": done("", nothing_lost=lost, fits_budget=fits)}
    results |= {"verify": done("", down="proven", nothing_lost="proven")}  # what staging thought does not count

    end, taken = follow(results)

    assert (end.outcome, end.undo and end.undo.row) == (Outcome.HELD, row)
    assert taken[-1] == "loss witness"


def test_a_target_database_that_does_not_answer_is_unknown() -> None:
    dark = waiting("cannot connect", 3)
    end = ending(
        **{"smoke previous": done("", works="disproven"), "smoke": failed(""), "loss witness": dark},
        verify=done("", down="proven", nothing_lost="unknown"),
    )

    assert (end.outcome, end.undo and end.undo.row) == (Outcome.HELD, 7)


@pytest.mark.parametrize(
    ("staging", "production", "row"),
    [
        ("proven", "proven", 4), ("proven", "unknown", 4), ("unknown", "proven", 4), ("disproven", "proven", 5),
        ("proven", "disproven", 5), ("unknown", "unknown", 5),
    ],
)  # fmt: skip
def test_the_previous_version_is_brought_back_where_one_has_seen_it_work_and_none_has_seen_it_fail(
    staging: str, production: str, row: int
) -> None:
    seen = {"rehearse": done("", works=staging), "smoke previous": done("", works=production)}

    end, taken = follow(GOOD | seen | {"smoke": failed("500")})

    assert end.undo
    assert end.undo.row == row
    assert ("rollback" in taken) is (row == 4)


def test_what_was_removed_is_not_rolled_back_onto() -> None:
    end = ending(lint=done("", expands="disproven", removes=["column a.b"]), smoke=failed("500"))

    assert (end.outcome, end.undo and end.undo.row) == (Outcome.HELD, 10)


def test_checks_that_cannot_tell_hold_the_release() -> None:
    end = ending(smoke=waiting("no answer", 5))

    assert (end.outcome, end.undo and end.undo.row) == (Outcome.HELD, 13)


@pytest.mark.parametrize("step", ["rollback", "verify rollback"])
def test_there_is_no_rollback_of_a_rollback(step: str) -> None:
    end, taken = follow(GOOD | {"smoke": failed("500"), step: failed("no")})

    assert (end.outcome, end.undo and end.undo.row) == (Outcome.HELD, 14)
    assert taken.count("rollback") == 1


def test_somebody_may_ask_for_the_way_back_after_the_release() -> None:
    known: dict[str, Any] = {name: result.facts for name, result in GOOD.items()}

    def asked(runbook: Runbook) -> Ending:
        runbook.know(known)
        return runbook.roll_back()

    end, taken = follow(GOOD, asked)

    assert end.outcome is Outcome.ROLLED_BACK
    assert taken == ["rollback", "verify rollback"]


def test_an_ending_survives_the_way_through_the_engine() -> None:
    for end in (ending(), ending(smoke=failed("500")), ending(gate=waiting("", 5))):
        assert Ending.from_json(end.as_json()) == end


answers = st.sampled_from(["proven", "disproven", "unknown"])
anything = st.sampled_from([done(""), failed("no"), skipped(""), waiting("", 3)])
outcomes = st.fixed_dictionaries(
    {
        "lint": st.builds(
            done, st.just(""), expands=answers, removes=st.sampled_from([[], ["x"]]), rewrites=st.just([])
        )
        | anything,
        "verify": st.builds(done, st.just(""), down=answers, nothing_lost=answers) | anything,
        "rehearse": st.builds(done, st.just(""), works=answers) | st.just(skipped("")),
        "gate": anything,
        "migrate": st.just(MIGRATED)
        | st.builds(failed, st.just(""), schema=st.sampled_from(["partial", "failed clean", "applied"]))
        | st.just(skipped("", schema="untouched"))
        | st.just(waiting("", 4)),
        "smoke previous": st.builds(done, st.just(""), works=answers) | st.just(skipped("")),
        "deploy": anything,
        "smoke": anything,
        "bake": anything,
        "rollback": anything,
        "verify rollback": anything,
        "loss witness": st.builds(done, st.just(""), nothing_lost=answers, fits_budget=answers) | anything,
    }
)


@given(outcomes)
def test_whatever_happens_the_release_ends_in_a_state_that_can_be_answered_for(results: dict[str, Result]) -> None:
    end, taken = follow(results)

    if "deploy" in taken:
        assert all(results[name].is_good for name in ("lint", "verify", "gate", "migrate"))
    if "rollback" in taken:
        migrated = results["migrate"].facts.get("schema") == "applied"
        seen = {results[name].facts.get("works") for name in ("rehearse", "smoke previous")}
        assert not migrated or ("proven" in seen and "disproven" not in seen)
        assert not (migrated and results["lint"].facts.get("removes"))
    if end.outcome is Outcome.RELEASED:
        assert results["smoke"].is_good
        assert results["deploy"].is_good
    if end.outcome is Outcome.ROLLED_BACK:
        assert results["verify rollback"].is_good
    if end.outcome is None:
        assert any(results[name].state is StepState.WAITING for name in taken)
    assert len(taken) == len(set(taken))
