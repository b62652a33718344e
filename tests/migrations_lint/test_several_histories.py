"""Histories that are linted together stay apart: another folder's tables are another application's."""

from pathlib import Path

from migrations_lint.engine import lint
from migrations_lint.history import read_history
from migrations_lint.model import LockFact


def history(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, sql in files.items():
        (folder / f"{name}.up.sql").write_text(sql)
        (folder / f"{name}.down.sql").write_text("SELECT 1;")
    return folder


def test_a_table_of_one_history_is_not_known_to_the_other(tmp_path: Path) -> None:
    shop = history(tmp_path / "shop", **{"0001_orders": "CREATE TABLE orders (id bigint PRIMARY KEY);"})
    desk = history(
        tmp_path / "desk",
        **{
            "0001_orders": "CREATE TABLE orders (id uuid PRIMARY KEY, note text);",
            "0002_note": "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
        },
    )

    report = lint(read_history([shop, desk]).migrations)

    assert [
        f.rule for f in report.findings if f.rule in {"object-contradicts-history", "guard-hides-different-object"}
    ] == []
    last = next(one for one in report.migrations if one.migration.title == "note" or "note" in one.migration.path.name)
    (lock,) = [fact for fact in last.statements[0].facts if isinstance(fact, LockFact)]
    assert lock.certainty.value == "sure"


def test_what_was_asked_for_whole_does_not_go_out_with_a_part_of_another(tmp_path: Path) -> None:
    shop = history(
        tmp_path / "shop",
        **{
            "0001_orders": "CREATE TABLE orders (id bigint PRIMARY KEY);",
            "0002_total": "ALTER TABLE orders ADD COLUMN total integer;",
            "0003_no_total": "ALTER TABLE orders DROP COLUMN total;",
        },
    )
    desk = history(
        tmp_path / "desk",
        **{
            "0001_notes": "CREATE TABLE notes (id bigint PRIMARY KEY);",
            "0002_x": "ALTER TABLE notes ADD COLUMN x text;",
        },
    )
    found = read_history([shop, desk / "0002_x.up.sql"])

    report = lint(found.migrations, selected=found.selected)

    # Each migration of the shop stands alone: the column that 0003 drops was in use before it.
    assert "drop-breaks-running-code" in {finding.rule for finding in report.findings}
