"""Histories that are linted together stay apart: another folder's tables are another application's."""

from dataclasses import replace
from pathlib import Path

import pytest

from migrations_lint.api import lint_history
from migrations_lint.engine import lint
from migrations_lint.history import History, read_history
from migrations_lint.model import LockFact
from migrations_lint.shares import LEAST_TO_SHARE, for_reporters, joined, shares


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


def three_histories(tmp_path: Path) -> History:
    """The first and the last are large, by a comment; in the second a file is not to be read."""
    long = f"/* {'long ' * LEAST_TO_SHARE} */"
    first = history(tmp_path / "a", **{"1_t": f"CREATE TABLE t (id int); {long}", "2_t": "ALTER TABLE t ADD u text;"})
    second = history(tmp_path / "b", **{"1_t": "CREATE TABLE t (id int);", "2_t": "ALTER TABLE t DROP id;"})
    (second / "3_bytes.up.sql").write_bytes(b"\xff")
    third = history(tmp_path / "c", **{"1_x": f"CREATE INDEX i ON x (y); {long}", "2_x": "UPDATE x SET y = 1;"})
    return read_history([first, second, third])


@pytest.mark.parametrize("number", [2, 3, 8])
def test_histories_linted_apart_say_what_they_say_together(number: int, tmp_path: Path) -> None:
    whole = three_histories(tmp_path)
    parts = shares(whole, number)

    apart = joined(whole, [for_reporters(lint_history(part)) for part in parts])

    together = for_reporters(lint_history(whole))
    assert len(parts) == min(number, 3)
    assert replace(apart, seconds=0) == replace(together, seconds=0)


def test_one_history_is_not_cut_and_little_sql_is_not_shared_out(tmp_path: Path) -> None:
    small = read_history(
        [history(tmp_path / "a", **{"1_t": "SELECT 1;"}), history(tmp_path / "b", **{"1_t": "SELECT 1;"})]
    )
    (tmp_path / "more").mkdir()
    large = three_histories(tmp_path / "more")
    (one,) = {migration.root for migration in large.migrations if migration.root and migration.root.name == "a"}
    alone = replace(large, migrations=tuple(each for each in large.migrations if each.root == one))

    assert [len(shares(each, 2)) for each in (small, alone, large)] == [1, 1, 2]
