"""The way back is said before anything is done."""

from datetime import UTC, datetime

from gatekeeper.model.release import PlannedMigration, Release
from gatekeeper.policy.plan import foresee
from gatekeeper.policy.undo import Answer, Hold, SchemaState, Situation, Undo

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def release(migrations: int, previous: str | None = "v1") -> Release:
    planned = tuple(PlannedMigration(f"000{n}", f"{n}.sql", "f", "s") for n in range(migrations))
    return Release("r1", "clinic", "production", "v2", previous, "abc", "ada", NOW, planned)


def test_without_a_migration_the_application_goes_back() -> None:
    plan = foresee(release(0), Situation(above_floor=Answer.PROVEN))

    assert isinstance(plan.if_it_fails, Undo)
    assert [way.row for way in plan.undo()] == [1]
    assert plan.steps == ("deploy v2", "run the smoke checks against v2")


def test_an_open_question_is_answered_both_ways() -> None:
    plan = foresee(release(2), Situation(above_floor=Answer.PROVEN))

    assert [way.row for way in plan.undo()] == [4, 9]
    assert plan.steps[0].startswith("apply 0000, 0001 to the database")
    assert "v1, which still serves" in plan.steps[1]


def test_taking_something_away_is_said_to_have_no_way_back() -> None:
    plan = foresee(release(1), Situation(schema=SchemaState.CONTRACTED))

    assert isinstance(plan.if_it_fails, Hold)
    assert [way.row for way in plan.undo()] == [10]


def test_a_first_release_has_nowhere_to_go_back_to() -> None:
    assert [way.row for way in foresee(release(1, previous=None), Situation(has_previous=False)).undo()] == [12]
