"""What a release is, what is compared before and after it, and where what is said of a whole file can be allowed."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from migrations_lint.catalog.difference import differences
from migrations_lint.engine import lint, schemas_built_by
from migrations_lint.model import Migration, Report
from migrations_lint.settings import LintSettings
from tests.migrations_lint.scripts import migration

BEFORE = migration("CREATE TABLE orders (id bigint PRIMARY KEY); CREATE TABLE bills (id bigint PRIMARY KEY)", name="1")
TWO_ORDERS = [
    migration("ALTER TABLE orders ADD a int; ALTER TABLE bills ADD a int", name="2"),
    migration("ALTER TABLE bills ADD b int; ALTER TABLE orders ADD b int", name="3"),
]


def found(report: Report, rule: str) -> list[str]:
    return [finding.path.name for finding in report.findings if finding.rule == rule and finding.suppressed is None]


def test_what_was_selected_goes_out_together() -> None:
    report = lint([BEFORE, *TWO_ORDERS], selected=frozenset(one.path for one in TWO_ORDERS))

    assert found(report, "lock-order-invites-deadlock") == ["3.sql"]


def test_of_a_whole_history_each_migration_goes_out_alone() -> None:
    assert found(lint([BEFORE, *TWO_ORDERS]), "lock-order-invites-deadlock") == []


def with_ways_down(*ups: str) -> list[Migration]:
    """A history in which all but the last have a way down, so that the last is missing one."""
    downs = [migration(up, down="SELECT 1", name=str(n)) for n, up in enumerate(ups, start=1)]
    downs[-1] = replace(downs[-1], down=None)
    return [replace(one, down_path=Path(f"{one.id}.down.sql")) for one in downs]


def test_a_way_down_is_missed_by_its_file_or_in_the_one_that_holds_both() -> None:
    others = with_ways_down("CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE c ()")
    apart, together = others, [replace(one, down_path=one.path) for one in others]

    (of_a_file,), (of_a_part,) = (
        [f.message for f in lint(history).findings if f.rule == "down-script-missing"] for history in (apart, together)
    )

    assert "3.down.sql is missing" in of_a_file
    assert "the way down in this file is missing" in of_a_part


def test_what_is_said_of_a_whole_file_is_allowed_by_a_comment_above_its_first_statement() -> None:
    others = ("CREATE TABLE a ()", "CREATE TABLE b ()")
    plain = with_ways_down(*others, "-- notes\n\nCREATE TABLE c ()")
    allowed = with_ways_down(
        *others, "-- notes\n-- gatekeeper: allow down-script-missing because it only adds\nCREATE TABLE c ()"
    )

    assert found(lint(plain), "down-script-missing") == ["3.sql"]
    assert found(lint(allowed), "down-script-missing") == []
    assert found(lint(allowed), "suppression-hides-nothing") == []


def test_where_a_way_down_holds_unreadable_code_nothing_is_said_of_what_it_leaves_behind() -> None:
    left = migration("CREATE TABLE a ()", down="SELECT 1", name="2")
    unknown = migration("CREATE TABLE a ()", down="DO $$ BEGIN EXECUTE 'DROP ' || 'TABLE a'; END $$", name="2")

    assert found(lint([BEFORE, left]), "down-script-does-not-undo") == ["2.down.sql"]
    assert found(lint([BEFORE, unknown]), "down-script-does-not-undo") == []


STATEMENTS = [
    "CREATE TABLE a (x int, y text)",
    "CREATE TABLE b (x int)",
    "CREATE INDEX b_x ON b (x)",
    "ALTER TABLE a ADD COLUMN z int NOT NULL DEFAULT 1",
    "CREATE TYPE mood AS ENUM ('ok')",
    "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
]


@given(st.lists(st.sampled_from(STATEMENTS), unique=True), st.lists(st.sampled_from(STATEMENTS), unique=True))
def test_two_schemas_differ_in_the_same_things_whichever_is_first(one: list[str], other: list[str]) -> None:
    first, second = (
        list(schemas_built_by([migration("; ".join(sorted(sql, key=STATEMENTS.index)))], LintSettings()))[-1]
        for sql in (one, other)
    )

    forth = {text.replace("left over", "lost") for text in differences(first, second) if not text.startswith("changed")}
    back = {text.replace("left over", "lost") for text in differences(second, first) if not text.startswith("changed")}

    assert forth == back
    assert list(differences(first, first)) == []
