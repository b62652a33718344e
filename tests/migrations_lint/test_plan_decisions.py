"""What a plan decides: the moment of each part, what cannot be split and why, and in whose files it is written."""

from pathlib import Path

import pytest

from migrations_lint.expansion import Phase, Plan, plan_of
from migrations_lint.expansion.files import NoPlace, planned
from migrations_lint.formats import AddsMigrations, formats
from migrations_lint.history import read_history
from migrations_lint.settings import LintSettings
from migrations_lint.timeouts import Timeouts
from tests.migrations_lint.test_fixes_of_files import TOOLS, files

SETTINGS = LintSettings(server_version=15)
BASE = """CREATE TABLE orders (id bigint PRIMARY KEY, note text, total integer CHECK (total > 0), who integer);
CREATE INDEX orders_note ON orders (lower(note));
CREATE VIEW totals AS SELECT total FROM orders;
CREATE VIEW sums AS SELECT sum(total) FROM totals;
CREATE TABLE parts (id bigint, at date) PARTITION BY RANGE (at);
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE pairs (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
"""


def planned_in(folder: Path, change: str, base: str = BASE, tool: str = "raw_sql") -> Plan:
    for number, (title, up) in enumerate((("start", base), ("change", change)), start=1):
        for name, text in files(tool, number, title, up, "SELECT 1;\n").items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
    history = read_history([folder], tool)
    return plan_of(history.migrations, history.migrations[1], SETTINGS)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            "ALTER TABLE orders ALTER COLUMN note TYPE integer USING 1",
            "the index public.orders_note has note in",
        ),
        ("ALTER TABLE orders ALTER COLUMN total TYPE bigint", "the view public.totals reads public.orders.total"),
        ("ALTER TABLE bills ALTER COLUMN total TYPE bigint", "the history does not tell what public.bills.total is"),
        ("ALTER TABLE parts ALTER COLUMN id TYPE text", "public.parts is partitioned"),
        ("ALTER TABLE orders ADD COLUMN must text NOT NULL", "rows that are there get no value in must"),
        ("ALTER TABLE orders ADD COLUMN number bigserial", "number gets a value of its own in every row"),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'orders'; END $$", "what it does is not known"),
        (
            "ALTER TABLE orders ADD EXCLUDE USING gist (who WITH =)",
            "an exclusion constraint is not built beside traffic",
        ),
        ("ALTER TABEL orders", "syntax error"),
        ("DROP VIEW sums; DROP VIEW totals; CREATE VIEW totals AS SELECT 1 AS total", "takes away first"),
        ("DROP TABLE pairs; CREATE TABLE pairs (a bigint)", "takes away first"),
        ("ALTER TYPE mood RENAME TO temper", "mood has no second name meanwhile"),
        ("ALTER TYPE mood RENAME VALUE 'sad' TO 'low'", "the running release writes 'sad'"),
        ("ALTER TABLE pairs DROP COLUMN b", "b is part of the primary key"),
        (
            "ALTER TABLE orders DROP total; ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (who > 0)",
            "takes away first",
        ),
        ("VACUUM FULL orders", "no form of it is known that would not hold up public.orders"),
        (
            "ALTER TABLE orders RENAME COLUMN who TO person; ALTER TABLE orders ADD CHECK (person > 0)",
            "public.orders is a view while it has two names",
        ),
        (
            "ALTER TABLE orders RENAME COLUMN who TO person; ALTER TABLE orders ALTER person SET DEFAULT 1",
            "public.orders is a view while it has two names",
        ),
        (
            "ALTER TABLE orders RENAME COLUMN who TO person; CREATE VIEW people AS SELECT * FROM orders",
            "public.orders is a view while it has two names",
        ),
        (
            "ALTER TABLE pairs ALTER a TYPE bigint, ALTER b TYPE bigint",
            "makes the same index or constraint anew",
        ),
        (
            "ALTER TABLE orders DROP COLUMN who; ALTER TABLE orders ADD COLUMN who text",
            "it needs what `ALTER TABLE orders DROP COLUMN who` takes away first",
        ),
    ],
)
def test_what_cannot_be_split_is_said_with_the_reason(tmp_path: Path, change: str, why: str) -> None:
    refusals = planned_in(tmp_path, change).refusals

    assert {why in refusal.reason for refusal in refusals} == {True}, refusals


def test_rights_that_a_view_would_not_have_stand_in_the_way(tmp_path: Path) -> None:
    base = BASE + "GRANT SELECT ON orders TO clerk;"

    (refusal,) = planned_in(tmp_path, "ALTER TABLE orders RENAME TO sales", base).refusals

    assert "clerk was granted rights on public.orders" in refusal.reason


@pytest.mark.parametrize(
    ("change", "phases"),
    [
        ("CREATE TABLE bills (id bigint); CREATE INDEX ON bills (id); DROP TABLE parts", "before contract"),
        ("ALTER TABLE orders ADD COLUMN x int, DROP COLUMN who", "before contract"),
        ("ALTER TABLE orders ALTER COLUMN note DROP DEFAULT", "after"),
        ("ALTER TABLE orders ADD COLUMN x int; UPDATE orders SET x = 1", "before after"),
        ("DROP INDEX orders_note", "after"),
        ("DROP INDEX pairs_pkey, orders_note; CREATE INDEX orders_note ON orders (note)", "after after"),
        ("CREATE UNIQUE INDEX ON orders (who)", "after"),
        ("ALTER TABLE orders ADD COLUMN x int CHECK (x > 0)", "before before"),
        ("ALTER TABLE orders ADD CHECK (who > 0)", "after after"),
        ("INSERT INTO orders (id) VALUES (1)", "before"),
        ("ALTER TABLE orders DROP COLUMN who; DROP TYPE mood", "contract contract"),
        ("DROP VIEW sums; CREATE VIEW sums AS SELECT 1 AS total", "before"),
        ("CREATE TABLE x (o int); UPDATE orders SET who = o FROM x; ALTER TABLE x DROP COLUMN o", "before after after"),
        ("ALTER TABLE pairs RENAME TO twos; ALTER TABLE twos ADD COLUMN c int", "before before contract"),
    ],
)
def test_each_part_has_its_moment(tmp_path: Path, change: str, phases: str) -> None:
    words = {Phase.BEFORE_DEPLOY: "before", Phase.AFTER_DEPLOY: "after", Phase.CONTRACT: "contract"}
    plan = planned_in(tmp_path, change)

    assert plan.refusals == ()
    assert " ".join(words[part.phase] for part in plan.parts) == phases


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE bills (id bigint)",
        "ALTER TABLE orders ADD COLUMN x integer NOT NULL DEFAULT 0",
        "CREATE INDEX CONCURRENTLY orders_who ON orders (who)",
        "SET lock_timeout = '1s'; ALTER TABLE orders ALTER COLUMN note SET DEFAULT 'x'; RESET lock_timeout",
    ],
)
def test_what_is_safe_stays_as_it_is(tmp_path: Path, change: str) -> None:
    assert planned_in(tmp_path, change).changes_nothing


def test_rows_that_the_new_release_has_written_are_not_overwritten(tmp_path: Path) -> None:
    change = "ALTER TABLE orders ADD COLUMN x int; UPDATE orders SET x = total WHERE who = 1 OR who = 2"

    plan = planned_in(tmp_path, change)

    assert plan.parts[1].steps[0].sql == "UPDATE orders SET x = total WHERE (who = 1 OR who = 2) AND orders.x IS NULL"
    assert plan.parts[1].key == "id"


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_reads_its_files_as_the_plan_means_them(tmp_path: Path, tool: str) -> None:
    base = "CREATE TABLE orders (id bigint PRIMARY KEY, note text, total integer);"
    change = "ALTER TABLE orders ALTER COLUMN total TYPE numeric(9,2);\nCREATE INDEX orders_note ON orders (note);\n"
    plan = planned_in(tmp_path, change, base, tool)
    before = read_history([tmp_path], tool)

    made = planned(plan, before.migrations[1], before.migrations, Timeouts("2s"), SETTINGS)
    for path, text in [pair for each in made for pair in each.files.items()]:
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    after = read_history([tmp_path], tool)

    assert after.problems == ()
    assert [migration.path for migration in after.migrations[2:]] == [each.path for each in made]
    for migration, each in zip(after.migrations[2:], made, strict=True):
        sent = [statement for statement in statements(migration.up.sql) if "lock_timeout" not in statement]
        assert sent == [squeezed(step.sql) for step in each.part.steps]
        assert migration.down is not None
        if each.part.is_alone:
            assert not migration.up.in_transaction
        elif len(each.part.steps) > 1:
            assert migration.up.in_transaction
    with pytest.raises(NoPlace, match=r"exists already|no free number"):
        planned(plan, before.migrations[1], after.migrations[:2], Timeouts("2s"), SETTINGS)


def statements(sql: str) -> list[str]:
    from migrations_lint.outline import outline

    return [squeezed(piece.sql) for piece in outline(sql)]


def squeezed(sql: str) -> str:
    return " ".join(line for line in " ".join(sql.split()).split(" ") if line)


def test_a_tool_that_gives_no_place_says_so(tmp_path: Path) -> None:
    assert [name for name, plug_in in formats().items() if not isinstance(plug_in, AddsMigrations)] == [
        "django",
        "sqitch",
    ]
