"""Fixes in the files of every SQL format: in place, or as the migration that follows; nothing is written twice."""

import json
import re
from pathlib import Path

import pytest

from migrations_lint.api import lint_history
from migrations_lint.engine import lint
from migrations_lint.fixing import edits_of, fix_history
from migrations_lint.formats import AddsMigrations, FixesCode, formats
from migrations_lint.history import read_history
from migrations_lint.settings import LintSettings
from tests.gatekeeper.commands import gatekeeper

TABLE = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n"
INDEX = "CREATE INDEX orders_note ON orders (note);\n"
UNDO = "DROP INDEX orders_note;\n"
TIMED = "SET LOCAL lock_timeout = '1s';\n"
ORDERS = ("orders", TABLE, "DROP TABLE orders;\n")

# A new change of sqitch needs its line in the plan, with its author and date.
_SAY_NO_PLACE = {"sqitch"}


def files(tool: str, number: int, title: str, up: str, down: str) -> dict[str, str]:
    """The files in which a tool keeps one migration."""
    match tool:
        case "raw_sql" | "golang_migrate" | "sqlx":
            return {f"{number:04}_{title}.up.sql": up, f"{number:04}_{title}.down.sql": down}
        case "flyway":
            return {f"V{number}__{title}.sql": up, f"U{number}__{title}.sql": down}
        case "prisma":
            return {f"2026010100000{number}_{title}/migration.sql": up, f"2026010100000{number}_{title}/down.sql": down}
        case "diesel":
            return {f"2026-01-01-00000{number}_{title}/up.sql": up, f"2026-01-01-00000{number}_{title}/down.sql": down}
        case "dbmate":
            return {f"2026010100000{number}_{title}.sql": f"-- migrate:up\n{up}\n-- migrate:down\n{down}"}
        case "goose":
            return {f"{number:05}_{title}.sql": f"-- +goose Up\n{up}\n-- +goose Down\n{down}"}
    raise LookupError(tool)


TOOLS = ["raw_sql", "golang_migrate", "sqlx", "prisma", "diesel", "dbmate", "goose", "flyway"]


def fixed(tool: str, folder: Path, *migrations: tuple[str, str, str]) -> dict[str, str]:
    """All files of the folder when the fixes are written, and that a second run finds nothing to do."""
    for number, (title, up, down) in enumerate(migrations, start=1):
        for name, text in files(tool, number, title, up, down).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
    settings = LintSettings(server_version=15)
    result = fix_history(read_history([folder], tool), settings)
    for file in result.files:
        file.path.parent.mkdir(exist_ok=True)
        file.path.write_text(file.after)
    assert fix_history(read_history([folder], tool), settings).files == ()
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def statements(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and not line.startswith("--")]


@pytest.mark.parametrize("tool", TOOLS)
def test_an_index_that_is_alone_in_its_way_is_built_concurrently_in_place(tool: str, tmp_path: Path) -> None:
    after = fixed(tool, tmp_path, ORDERS, ("index", TIMED + INDEX, TIMED + UNDO))

    text = "\n".join(text for name, text in after.items() if "index" in name)
    assert "CREATE INDEX CONCURRENTLY orders_note ON orders (note);" in text
    assert "DROP INDEX CONCURRENTLY orders_note;" in text
    assert "lock_timeout" not in text
    assert "part" not in "".join(after)
    assert_runs_outside(tool, tmp_path, "CREATE INDEX CONCURRENTLY")


@pytest.mark.parametrize("tool", TOOLS)
def test_an_index_beside_something_else_becomes_the_next_migration_with_its_way_back(tool: str, tmp_path: Path) -> None:
    up = TIMED + "ALTER TABLE orders ADD COLUMN seen date;\n" + INDEX
    down = TIMED + UNDO + "ALTER TABLE orders DROP COLUMN seen;\n"

    after = fixed(tool, tmp_path, ORDERS, ("index", up, down))

    new = "\n".join(text for name, text in after.items() if "index_part_2" in name)
    old = "\n".join(text for name, text in after.items() if "index" in name and "part" not in name)
    assert "CREATE INDEX CONCURRENTLY orders_note ON orders (note);" in new
    assert "DROP INDEX CONCURRENTLY IF EXISTS orders_note;" in new
    assert "INDEX" not in old
    assert "ADD COLUMN seen" in old
    assert_runs_outside(tool, tmp_path, "CREATE INDEX CONCURRENTLY")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_validation_becomes_the_next_migration_in_a_transaction_of_its_own(tool: str, tmp_path: Path) -> None:
    up = TIMED + "ALTER TABLE orders ADD CONSTRAINT short CHECK (length(note) < 9);\n"
    down = TIMED + "ALTER TABLE orders DROP CONSTRAINT short;\n"

    after = fixed(tool, tmp_path, ORDERS, ("short", up, down))

    new = "\n".join(text for name, text in after.items() if "short_part_2" in name)
    old = "\n".join(text for name, text in after.items() if "short" in name and "part" not in name)
    assert "CHECK (length(note) < 9) NOT VALID;" in old
    assert "DROP CONSTRAINT IF EXISTS short;" in old
    assert "ALTER TABLE orders VALIDATE CONSTRAINT short;" in new
    assert "ADD CONSTRAINT short CHECK (length(note) < 9) NOT VALID;" in new


@pytest.mark.parametrize("tool", sorted(set(TOOLS) - {"flyway"}))
def test_where_no_number_is_free_nothing_is_written_and_the_finding_is_left(tool: str, tmp_path: Path) -> None:
    up = TIMED + "ALTER TABLE orders ADD COLUMN seen date;\n" + INDEX
    first, later = ORDERS, ("other", "SELECT 1;\n", "SELECT 1;\n")
    for number, (title, *ways) in enumerate([first, ("index", up, UNDO), later], start=1):
        for name, text in files(tool, number, title, *ways).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)

    result = fix_history(read_history([tmp_path], tool), LintSettings(server_version=15))

    assert "index-build-blocks-writes" in [finding.rule for finding in result.left]
    assert not [file for file in result.files if "part" in str(file.path)]


def test_a_finding_is_fixable_only_where_a_fix_can_be_written(tmp_path: Path) -> None:
    fixed("prisma", tmp_path, ORDERS)
    beside = {"alone": INDEX, "beside": "UPDATE orders SET note = '' WHERE id = 1;\n" + INDEX}
    for number, (title, up) in enumerate(beside.items(), start=2):
        for name, text in files("prisma", number, title, up, "").items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    (tmp_path / "20260101000004_here").mkdir()
    (tmp_path / "20260101000004_here/migration.sql").write_text("CREATE TABLE bills (id bigint PRIMARY KEY);\n")

    history = read_history([tmp_path])

    index = [one for one in lint_history(history).findings if one.rule == "index-build-blocks-writes"]
    assert [(one.path.parent.name[15:], one.fix is not None) for one in index] == [("alone", True), ("beside", False)]
    assert [bool(edits_of(one, history)) for one in lint(history.migrations).findings if one in index] == [True]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_statement_is_not_moved_past_one_that_needs_it(tool: str, tmp_path: Path) -> None:
    up = TIMED + INDEX + "ALTER INDEX orders_note RENAME TO orders_remark;\n"
    after = fixed(tool, tmp_path, ORDERS, ("index", up, "DROP INDEX orders_remark;\n"))

    assert "CREATE INDEX orders_note" in "".join(after.values())
    assert "part" not in "".join(after)


def test_a_transaction_that_the_file_opens_for_an_index_alone_goes_with_it(tmp_path: Path) -> None:
    up = f"BEGIN;\n{TIMED}{INDEX}COMMIT;\n"

    after = fixed("raw_sql", tmp_path, ORDERS, ("index", up, "SELECT 1;\n"))

    assert after["0002_index.up.sql"] == "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"


def test_a_transaction_that_the_file_opens_for_more_stays(tmp_path: Path) -> None:
    up = f"BEGIN;\n{TIMED}{INDEX}ALTER TABLE orders ADD COLUMN seen date;\nCOMMIT;\n"

    after = fixed("raw_sql", tmp_path, ORDERS, ("index", up, "SELECT 1;\n"))

    assert after["0002_index.up.sql"] == f"BEGIN;\n{TIMED}ALTER TABLE orders ADD COLUMN seen date;\nCOMMIT;\n"
    assert after["0003_index_part_2.up.sql"] == "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"


@pytest.mark.parametrize("tool", sorted(set(formats()) - _SAY_NO_PLACE))
def test_every_format_says_where_the_steps_of_a_fix_go(tool: str) -> None:
    assert isinstance(formats()[tool], AddsMigrations | FixesCode)


def test_line_ends_and_comments_stay_as_they_are(tmp_path: Path) -> None:
    up = "-- why\r\n" + INDEX.replace("\n", "  -- note\r\n").lower()

    after = fixed("raw_sql", tmp_path, ORDERS, ("index", up, "SELECT 1;\n"))

    assert (tmp_path / "0002_index.up.sql").read_bytes().decode() == (
        "-- why\r\ncreate index concurrently orders_note on orders (note);  -- note\r\n"
    )
    assert len(after) == 4


def assert_runs_outside(tool: str, folder: Path, beginning: str) -> None:
    fragments = [
        fragment
        for migration in read_history([folder], tool).migrations
        for fragment in migration.up.fragments
        if re.search(rf"^\s*{beginning}", fragment.sql, re.MULTILINE)
    ]
    assert fragments
    assert not any(fragment.in_transaction for fragment in fragments)


def test_flyway_finds_room_behind_a_further_dot(tmp_path: Path) -> None:
    up = TIMED + "ALTER TABLE orders ADD COLUMN seen date;\n" + INDEX

    after = fixed(
        "flyway",
        tmp_path,
        ORDERS,
        ("index", up, UNDO),
        ("x", "SELECT 1;", "SELECT 1;"),
    )

    assert after["V2.1__index_part_2.sql"] == "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"


def test_a_view_under_the_old_name_goes_before_the_table_gets_it_back(tmp_path: Path) -> None:
    (tmp_path / "1_a.up.sql").write_text(TABLE)
    (tmp_path / "2_b.up.sql").write_text(f"{TIMED}ALTER TABLE orders RENAME TO purchases;\n")
    (tmp_path / "2_b.down.sql").write_text(f"{TIMED}ALTER TABLE purchases RENAME TO orders;\n")

    result = fix_history(read_history([tmp_path]), LintSettings(server_version=15), unsafe=True)

    texts = {file.path.name: file.after for file in result.files}
    assert texts["2_b.up.sql"].endswith("CREATE VIEW orders AS SELECT * FROM purchases;\n")
    assert texts["2_b.down.sql"] == (f"{TIMED}DROP VIEW IF EXISTS orders;\nALTER TABLE purchases RENAME TO orders;\n")


PARTITIONED = (
    "CREATE TABLE customers (id bigint PRIMARY KEY);\n"
    "CREATE TABLE events (id bigint, customer_id bigint, at date NOT NULL) PARTITION BY RANGE (at);\n"
    "CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n"
    "CREATE TABLE events_rest PARTITION OF events DEFAULT;\n"
    "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM events;\n"
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text, total int);\n"
)
# Forms that PostgreSQL refuses, or that end in another schema, when a linter puts CONCURRENTLY or NOT VALID into them.
LEFT_ALONE = [
    "ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers (id);",
    "ALTER TABLE events DETACH PARTITION events_2026;",
    "REFRESH MATERIALIZED VIEW totals;",
    "ALTER TABLE events ADD CONSTRAINT once UNIQUE (id, at);",
    "ALTER TABLE orders ADD CONSTRAINT once UNIQUE (note) DEFERRABLE;",
    "ALTER TABLE orders ADD CONSTRAINT once UNIQUE (note) INCLUDE (total);",
    "ALTER TABLE orders ADD COLUMN number bigserial;",
    "ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS (total * 2) STORED;",
    "DO $$ BEGIN CREATE INDEX orders_note ON orders (note); END $$;",
    "DO $$ BEGIN ALTER TABLE orders ALTER note SET NOT NULL; END $$;",
]


@pytest.mark.parametrize("sql", LEFT_ALONE)
def test_what_postgresql_would_refuse_is_not_written(sql: str, tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text(PARTITIONED)
    (tmp_path / "2_b.sql").write_text(f"{TIMED}{sql}\n")
    history = read_history([tmp_path], "raw_sql")

    result = fix_history(history, LintSettings(server_version=15), unsafe=True)

    assert [file for file in result.files if file.path.name != "1_a.sql"] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_several_steps_of_one_migration_become_several_that_follow(tool: str, tmp_path: Path) -> None:
    checks = [f"ALTER TABLE orders ADD CONSTRAINT c{n} CHECK (length(note) < {n});\n" for n in range(3)]

    after = fixed(tool, tmp_path, ORDERS, ("checks", TIMED + "".join(checks), "SELECT 1;\n"))

    for number, part in enumerate(("part_2", "part_3", "part_4")):
        text = "\n".join(text for name, text in after.items() if part in name)
        assert f"VALIDATE CONSTRAINT c{number};" in text


def test_a_key_that_takes_the_place_of_another_stays_beside_its_drop(tmp_path: Path) -> None:
    up = (
        f"{TIMED}ALTER TABLE orders DROP CONSTRAINT orders_pkey;\n"
        "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);\n"
    )

    after = fixed("raw_sql", tmp_path, ORDERS, ("key", up, "SELECT 1;\n"))

    assert after["0002_key.up.sql"] == up


@pytest.mark.parametrize(
    "then",
    [
        "ALTER TABLE orders DROP COLUMN note;",
        "ALTER TABLE orders RENAME COLUMN note TO remark;",
        "ALTER TABLE public.orders RENAME TO purchases;",
        "DROP TABLE orders;",
    ],
)
@pytest.mark.parametrize(
    "sql", [INDEX, "DROP INDEX orders_old;\n", "ALTER TABLE orders ADD CHECK (length(note) < 9);\n"]
)
def test_nothing_is_moved_past_a_statement_that_takes_its_object_away(sql: str, then: str, tmp_path: Path) -> None:
    before = TABLE + "CREATE INDEX orders_old ON orders (note);\n"

    after = fixed("raw_sql", tmp_path, ("orders", before, "SELECT 1;\n"), ("x", f"{TIMED}{sql}{then}\n", "SELECT 1;\n"))

    assert "part" not in "".join(after)


def test_each_part_of_a_fixed_migration_can_be_rolled_back_by_itself(tmp_path: Path) -> None:
    check = "ALTER TABLE orders ADD CONSTRAINT short CHECK (length(note) < 9);\n"
    up = f"{TIMED}{INDEX}{check}ALTER TABLE orders ALTER note SET NOT NULL;\n"
    down = f"{TIMED}ALTER TABLE orders ALTER note DROP NOT NULL;\nALTER TABLE orders DROP CONSTRAINT short;\n{UNDO}"
    fixed("golang_migrate", tmp_path, ORDERS, ("all", up, down))

    answer = gatekeeper("verify", tmp_path, "--all", "--format", "json")

    verdicts = {one["id"]: one["verdict"] for one in json.loads(answer.out)["migrations"]}
    assert verdicts == {"0001": "lossy", "0002": "proven", "0003": "proven", "0004": "proven", "0005": "proven"}


def test_a_fix_is_tried_again_when_what_stood_beside_it_is_gone(tmp_path: Path) -> None:
    up = f"{TIMED}{INDEX}CREATE INDEX orders_id ON orders (id);\n"

    after = fixed("golang_migrate", tmp_path, ORDERS, ("all", up, "SELECT 1;\n"))

    assert after["0002_all.up.sql"] == "CREATE INDEX CONCURRENTLY orders_id ON orders (id);\n"
    assert after["0003_all_part_2.up.sql"] == "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"
