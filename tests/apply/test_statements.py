"""A script runs in the transactions in which its own tool would run it."""

import pytest

from gatekeeper.apply.statements import CannotApply, batches_of
from tests.migrations_lint.scripts import migration


def parts(sql: str, *, in_transaction: bool) -> list[tuple[str, ...]]:
    batches = batches_of(migration(sql, in_transaction=in_transaction))
    return [tuple(statement.sql for statement in batch.statements) for batch in batches]


def test_a_script_s_own_begin_and_commit_are_followed() -> None:
    assert parts("BEGIN; SELECT 1; SELECT 2; COMMIT; SELECT 3;", in_transaction=False) == [
        ("SELECT 1", "SELECT 2"),
        ("SELECT 3",),
    ]


def test_inside_the_tool_s_transaction_begin_does_nothing_and_commit_ends_it() -> None:
    assert parts("SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 3; SELECT 4;", in_transaction=True) == [
        ("SELECT 1", "SELECT 2"),
        ("SELECT 3", "SELECT 4"),
    ]


def test_timeouts_of_the_script_give_way_to_the_budget() -> None:
    assert parts("SET lock_timeout = '10s'; SELECT 1;", in_transaction=True) == [("SELECT 1",)]


@pytest.mark.parametrize(
    "control", ["ROLLBACK", "SAVEPOINT a", "BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT AND CHAIN"]
)
def test_what_cannot_be_followed_is_refused_before_anything_runs(control: str) -> None:
    with pytest.raises(CannotApply, match=control):
        parts(f"SELECT 1; {control};", in_transaction=True)
