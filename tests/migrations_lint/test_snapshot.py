"""With a snapshot of production, findings speak in rows and minutes, and what production has is not built twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_lint.applied import steps_in
from migrations_lint.engine import lint, schemas_built_by
from migrations_lint.impact import in_bytes, in_time, in_words
from migrations_lint.model import Finding, Migration, Relation, Severity
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot, Size, Table
from migrations_lint.stored_snapshot import StoredSnapshot, UnreadableSnapshot, as_json, read_snapshot
from tests.migrations_lint.scripts import migration

ORDERS = Relation("public", "orders")
MADE = "CREATE TABLE orders (id bigint PRIMARY KEY, total integer, note text);"
LARGE = Size(412_000_000, 20_000_000_000, 0, 7_000_000_000)
SMALL = Size(1200, 98_304, 0, 65_536)


def built_by(*ups: str) -> SchemaSnapshot:
    return states([migration(up, name=f"{number:03}") for number, up in enumerate(ups)])[-1]


def production(size: Size | None, *ups: str) -> SchemaSnapshot:
    schema = built_by(*ups or (MADE,))
    schema.put(replace(known(schema), size=size))
    return schema


def known(schema: SchemaSnapshot, relation: Relation = ORDERS) -> Table:
    table = schema.find(relation)
    assert table is not None
    return table


def findings(
    rule: str, ups: tuple[str, ...], snapshot: SchemaSnapshot, settings: LintSettings | None = None
) -> list[Finding]:
    """What the rule says of the last migration."""
    history = [migration(up, name=f"{number:03}") for number, up in enumerate(ups)]
    report = lint(history, settings, snapshot, selected=frozenset({history[-1].path}))
    return [finding for finding in report.findings if finding.rule == rule]


def test_a_rewrite_of_a_large_table_says_how_many_rows_and_for_about_how_long() -> None:
    up = "ALTER TABLE orders ALTER COLUMN total TYPE bigint;"

    (finding,) = findings("type-change-rewrites-table", (MADE, up), production(LARGE))

    assert finding.message.endswith("; it rewrites 412 million rows (27 GB), about 18 minutes under ACCESS EXCLUSIVE")
    assert finding.severity is Severity.ERROR


def test_what_a_small_table_suffers_is_a_note_and_next_to_nothing_is_no_finding() -> None:
    ups = (MADE, "CREATE INDEX orders_total ON orders (total);")

    (note,) = findings("index-build-blocks-writes", ups, production(SMALL), LintSettings(quiet_below_seconds=0.001))

    assert note.severity is Severity.NOTE
    assert note.message.endswith("; it indexes 1,200 rows (98 kB), less than a second under SHARE")
    assert findings("index-build-blocks-writes", ups, production(SMALL)) == []


def test_the_rates_are_those_of_the_settings() -> None:
    ups = (MADE, "CREATE INDEX orders_total ON orders (total);")

    (finding,) = findings(
        "index-build-blocks-writes", ups, production(LARGE), LintSettings(index_mb_per_second=20_000.0)
    )

    assert "about 1 second under SHARE" in finding.message


@pytest.mark.parametrize("size", [None, Size()])
def test_a_table_of_unknown_size_is_taken_to_be_large(size: Size | None) -> None:
    ups = (MADE, "CREATE INDEX orders_total ON orders (total);")

    (finding,) = findings("index-build-blocks-writes", ups, production(size))

    assert finding.severity is Severity.ERROR
    assert "rows" not in finding.message


def test_a_table_that_a_pending_migration_makes_is_empty_when_the_next_one_comes() -> None:
    ups = (MADE, "CREATE TABLE lines (id bigint, order_id bigint);", "CREATE INDEX lines_order ON lines (order_id);")

    assert findings("index-build-blocks-writes", ups, production(LARGE)) == []


def test_a_table_keeps_its_size_under_a_new_name() -> None:
    ups = (MADE, "ALTER TABLE orders RENAME TO sales;", "CREATE INDEX sales_total ON sales (total);")

    (finding,) = findings("index-build-blocks-writes", ups, production(LARGE))

    assert "412 million rows" in finding.message


def test_all_partitions_count() -> None:
    parts = "".join(
        f"CREATE TABLE orders_{n} PARTITION OF orders FOR VALUES FROM ({n}) TO ({n + 1});" for n in range(3)
    )
    made = f"CREATE TABLE orders (id bigint, total integer) PARTITION BY RANGE (id);{parts}"
    snapshot = built_by(made)
    for n in range(3):
        snapshot.put(replace(known(snapshot, Relation("public", f"orders_{n}")), size=Size(1_000_000, 10**9, 0, 0)))

    index_rule = "partitioned-index-blocks-all-partitions"
    (finding,) = findings(index_rule, (made, "CREATE INDEX orders_total ON orders (total);"), snapshot)

    assert "3.0 million rows (3.0 GB), about 60 seconds" in finding.message


def test_an_applied_migration_is_checked_against_the_schema_of_its_time() -> None:
    later = "ALTER TABLE orders DROP COLUMN total;"
    ups = (MADE, "ALTER TABLE orders ALTER COLUMN total TYPE bigint;", later)
    history = [migration(up, name=f"{number:03}") for number, up in enumerate(ups)]

    report = lint(history, snapshot=production(LARGE, *ups), selected=frozenset({history[1].path}))

    (finding,) = [f for f in report.findings if f.rule == "type-change-rewrites-table"]
    assert "total changes from integer to bigint" in finding.message
    assert "412 million rows" in finding.message


def test_the_snapshot_that_was_given_stays_as_it_was() -> None:
    snapshot = production(LARGE)

    findings("drop-breaks-running-code", (MADE, "DROP TABLE orders;"), snapshot)

    assert snapshot.find(ORDERS) is not None


def test_what_only_production_has_is_known_to_pending_migrations() -> None:
    by_hand = production(LARGE, MADE, "ALTER TABLE orders ADD CONSTRAINT filled CHECK (note IS NOT NULL);")

    assert findings("not-null-scan-blocks-reads", (MADE, "ALTER TABLE orders ALTER note SET NOT NULL;"), by_hand) == []


HISTORY = (
    MADE,
    "CREATE INDEX orders_note ON orders (note);",
    "ALTER TABLE orders ADD COLUMN made timestamptz;",
    "DROP INDEX orders_note;",
    "CREATE TABLE lines (order_id bigint REFERENCES orders (id));",
    "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID;",
    "ALTER TABLE orders VALIDATE CONSTRAINT positive;",
    "CREATE INDEX orders_note ON orders (note);",
    "ALTER TABLE lines ALTER order_id SET NOT NULL;",
    "DROP TABLE lines;",
    "CREATE TYPE mood AS ENUM ('good');",
    "ALTER TYPE mood ADD VALUE 'bad';",
    "ALTER TABLE orders RENAME COLUMN note TO remark;",
)


@given(applied=st.integers(0, len(HISTORY)), foreign=st.booleans())
def test_the_steps_that_a_database_holds_are_told_from_its_schema(applied: int, foreign: bool) -> None:
    history = [migration(up, name=f"{number:03}") for number, up in enumerate(HISTORY)]
    snapshot = built_by(*HISTORY[:applied])
    if foreign:
        snapshot.put(replace(known(built_by(MADE)), relation=Relation("public", "somebody_else")))

    assert steps_in(snapshot, states(history)) == applied


def states(history: list[Migration]) -> list[SchemaSnapshot]:
    return [state.copy() for state in schemas_built_by(history, LintSettings())]


def test_a_snapshot_goes_to_json_and_back(tmp_path: Path) -> None:
    stored = StoredSnapshot(production(LARGE, *HISTORY), "shop", 16, "2026-01-02T03:04:05+00:00")
    file = tmp_path / "snapshot.json"

    file.write_text(as_json(stored), encoding="utf-8")

    assert read_snapshot(file) == stored


@pytest.mark.parametrize("text", ["", "{}", "[]", "\x00", '{"version": 2}', '{"version": 1, "tables": [{"kind": 3}]}'])
def test_another_file_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "snapshot.json"
    file.write_text(text)

    with pytest.raises(UnreadableSnapshot, match="is not a snapshot of a database"):
        read_snapshot(file)


def test_numbers_are_said_as_people_say_them() -> None:
    assert [in_words(number) for number in (1, 12_000, 4_240_000, 412_000_000, 1_300_000_000)] == [
        "1", "12,000", "4.2 million", "412 million", "1.3 billion",
    ]  # fmt: skip
    assert [in_bytes(number) for number in (7, 8192, 120_000_000, 96_000_000_000)] == [
        "7 bytes", "8.2 kB", "120 MB", "96 GB",
    ]  # fmt: skip
    assert [in_time(seconds) for seconds in (0.3, 1, 40, 1080, 11_000, 400_000)] == [
        "less than a second", "about 1 second", "about 40 seconds", "about 18 minutes", "about 3 hours", "about 5 days",
    ]  # fmt: skip
