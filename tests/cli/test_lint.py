"""`gatekeeper lint` as a user calls it: files in, a report and an exit code out."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.gatekeeper.commands import Answer, gatekeeper

SCHEMA = json.loads((Path(__file__).parent.parent / "schemas" / "lint.schema.json").read_text())


@pytest.fixture
def history(tmp_path: Path) -> Path:
    (tmp_path / "0001_orders.up.sql").write_text("CREATE TABLE orders (id bigserial PRIMARY KEY, note text);\n")
    (tmp_path / "0001_orders.down.sql").write_text("DROP TABLE orders;\n")
    (tmp_path / "0002_note.up.sql").write_text(
        "SET LOCAL lock_timeout = '2s';\nCREATE INDEX orders_note ON orders (note);\n"
    )
    (tmp_path / "0002_note.down.sql").write_text("SET LOCAL lock_timeout = '2s';\nDROP INDEX orders_note;\n")
    return tmp_path


def lint(*arguments: str | Path) -> Answer:
    return gatekeeper("lint", *arguments)


def test_an_unsafe_migration_is_named_with_its_place_and_the_way_out(history: Path) -> None:
    result = lint(history)

    assert result.exit_code == 1
    assert "0002_note.up.sql:2:1: error: writes to public.orders wait" in result.out
    assert "CREATE INDEX CONCURRENTLY" in result.out


def test_the_json_report_keeps_its_promise(history: Path) -> None:
    report = json.loads(lint(history, "--format", "json").out)

    jsonschema.validate(report, SCHEMA)
    (statement,) = [s for s in report["migrations"][1]["statements"] if s["sql"].startswith("CREATE INDEX")]
    assert statement["facts"] == [
        {
            "relation": "public.orders",
            "relation_kind": "table",
            "mode": "SHARE",
            "work": "index build",
            "created_here": False,
            "certainty": "sure",
        }
    ]


def test_a_single_file_is_read_in_the_light_of_its_history(history: Path) -> None:
    report = json.loads(lint(history / "0002_note.up.sql", "--format", "json").out)

    assert [migration["path"] for migration in report["migrations"]] == [str(history / "0002_note.up.sql")]
    assert {finding["rule"] for finding in report["findings"]} >= {"index-build-blocks-writes"}


def test_a_reasoned_comment_accepts_a_finding_and_the_report_says_so(history: Path) -> None:
    path = history / "0002_note.up.sql"
    path.write_text(
        path.read_text().replace(
            "CREATE INDEX",
            "-- gatekeeper: allow index-build-blocks-writes because the table has twelve rows\nCREATE INDEX",
        )
    )

    result = lint(path, "--format", "json")

    (finding,) = [f for f in json.loads(result.out)["findings"] if f["rule"] == "index-build-blocks-writes"]
    assert finding["suppressed"] == "the table has twelve rows"
    assert result.exit_code == 0


def test_a_comment_without_a_reason_accepts_nothing(history: Path) -> None:
    path = history / "0002_note.up.sql"
    path.write_text("-- gatekeeper: allow index-build-blocks-writes\nCREATE INDEX orders_note ON orders (note);\n")

    result = lint(path)

    assert result.exit_code == 1
    assert "suppression-gives-no-reason" in result.out


def test_a_statement_that_cannot_be_parsed_is_named_and_hides_nothing_else(history: Path) -> None:
    (history / "0003_broken.up.sql").write_text("CREATE TABEL x (id int);\nDROP TABLE orders;\n")

    result = lint(history / "0003_broken.up.sql")

    assert '0003_broken.up.sql:1: not read: syntax error at or near "TABEL"' in result.out
    assert "drop-breaks-running-code" in result.out


def test_what_could_not_be_read_alone_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "0001_broken.sql").write_text("CREATE TABEL x (id int);\n")

    assert lint(tmp_path).exit_code == 3


def test_a_folder_that_is_not_there_is_one_sentence_and_exit_code_3(tmp_path: Path) -> None:
    result = lint(tmp_path / "nothing")

    assert result.exit_code == 3
    assert "nothing" in result.err
    assert "Traceback" not in result.err


def test_a_rule_that_does_not_exist_is_a_wrong_setting(history: Path) -> None:
    settings = history / "gatekeeper.toml"
    settings.write_text('[lint]\noff = ["index-build-block-writes"]\n')

    result = lint(history, "--config", settings)

    assert result.exit_code == 2
    assert "did you mean index-build-blocks-writes" in result.err


def test_the_report_can_go_to_a_file(history: Path) -> None:
    target = history / "report.json"

    result = lint(history, "--format", "json", "--output", target)

    assert result.out == ""
    jsonschema.validate(json.loads(target.read_text()), SCHEMA)


def test_fix_writes_the_safe_form_and_reports_what_is_left(history: Path) -> None:
    result = lint(history / "0002_note.up.sql", "--fix")

    assert (history / "0002_note.up.sql").read_text() == "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"
    assert "2 fixed in 2 files." in result.err
    assert result.exit_code == 0


def test_diff_writes_nothing_and_prints_a_patch(history: Path) -> None:
    before = (history / "0002_note.up.sql").read_text()

    result = lint(history / "0002_note.up.sql", "--diff")

    assert (history / "0002_note.up.sql").read_text() == before
    assert "-CREATE INDEX orders_note" in result.out
    assert "+CREATE INDEX CONCURRENTLY orders_note" in result.out
    assert result.exit_code == 1


def test_a_step_that_needs_a_transaction_of_its_own_becomes_the_next_migration(history: Path) -> None:
    (history / "0003_check.up.sql").write_text(
        "SET LOCAL lock_timeout = '2s';\nALTER TABLE orders ADD CONSTRAINT short CHECK (length(note) < 9);\n"
    )
    (history / "0003_check.down.sql").write_text(
        "SET LOCAL lock_timeout = '2s';\nALTER TABLE orders DROP CONSTRAINT short;\n"
    )

    result = lint(history / "0003_check.up.sql", "--fix")

    assert "NOT VALID" in (history / "0003_check.up.sql").read_text()
    assert (
        (history / "0004_check_part_2.up.sql").read_text().endswith("ALTER TABLE orders VALIDATE CONSTRAINT short;\n")
    )
    assert "ADD CONSTRAINT short CHECK (length(note) < 9) NOT VALID" in (
        (history / "0004_check_part_2.down.sql").read_text()
    )
    assert result.exit_code == 0


def test_what_is_fixed_is_not_fixed_again(history: Path) -> None:
    lint(history, "--fix")

    assert lint(history, "--diff").out.strip() == ""


def test_an_unsafe_fix_says_why_and_is_written_only_when_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "0001_number.sql"
    file.write_text("CREATE INDEX bills_number ON shop.bills (number);\n")

    careful = lint(tmp_path, "--fix")
    bold = lint(tmp_path, "--fix", "--unsafe-fixes")

    assert "fixed only with --unsafe-fixes: the history does not say what shop.bills is" in careful.err
    assert "1 fixed in 1 file." in bold.err
    assert "CONCURRENTLY" in file.read_text()


def test_unsafe_fixes_alone_are_a_wrong_usage(history: Path) -> None:
    assert lint(history, "--unsafe-fixes").exit_code == 2


BASELINE = '[lint]\nbaseline = "known.json"\n'


@pytest.fixture
def adopted(history: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The history of a team that has accepted what was there when it began."""
    monkeypatch.chdir(history)
    (history / "gatekeeper.toml").write_text(BASELINE)
    assert lint(".", "--write-baseline").exit_code == 0
    return history


def test_what_the_baseline_holds_is_accepted_and_the_report_says_how_much(adopted: Path) -> None:
    result = lint(".")
    report = json.loads(lint(".", "--format", "json").out)

    assert result.exit_code == 0
    assert "index-build-blocks-writes" not in result.out
    assert "in the baseline" in result.out
    assert {finding["baseline"] for finding in report["findings"]} == {True}


def test_a_new_finding_is_not_in_the_baseline(adopted: Path) -> None:
    (adopted / "0003_more.up.sql").write_text(
        "SET LOCAL lock_timeout = '2s';\nCREATE INDEX more ON orders (note, id);\n"
    )

    result = lint(".")

    assert result.exit_code == 1
    assert "until index more is built" in result.out
    assert "until index orders_note is built" not in result.out


def test_the_baseline_survives_lines_that_move(adopted: Path) -> None:
    path = adopted / "0002_note.up.sql"
    path.write_text("-- Why: search.\n\n" + path.read_text().replace("ON orders (note)", "ON  orders\n  (note)"))

    assert lint(".").exit_code == 0


def test_an_entry_of_the_baseline_accepts_one_finding_not_its_copies(adopted: Path) -> None:
    path = adopted / "0002_note.up.sql"
    path.write_text(path.read_text() + "CREATE INDEX orders_note ON orders (note);\n")

    report = json.loads(lint(".", "--format", "json").out)

    built = [f for f in report["findings"] if f["rule"] == "index-build-blocks-writes"]
    assert [finding["baseline"] for finding in built] == [True, False]


def test_the_baseline_is_the_same_file_wherever_the_repository_lies(history: Path, tmp_path: Path) -> None:
    settings = history / "gatekeeper.toml"
    settings.write_text(f'[lint]\nbaseline = "{tmp_path}/known.json"\n')

    lint(history, "--config", settings, "--write-baseline")
    moved = history.rename(tmp_path.parent / f"{tmp_path.name}-moved")
    (moved / "gatekeeper.toml").write_text(f'[lint]\nbaseline = "{moved}/known.json"\n')

    assert lint(moved, "--config", moved / "gatekeeper.toml").exit_code == 0


@pytest.mark.parametrize("text", ["", "[]", '{"version": 9, "findings": []}', '{"version": 1, "findings": [{}]}'])
def test_a_file_that_is_no_baseline_is_wrong_usage(adopted: Path, text: str) -> None:
    (adopted / "known.json").write_text(text)

    result = lint(".")

    assert result.exit_code == 2
    assert "known.json is not a baseline" in result.err


def test_rules_can_be_off_or_of_another_weight_for_some_paths(history: Path) -> None:
    settings = history / "gatekeeper.toml"
    settings.write_text(
        '[[lint.path]]\nmatch = ["*.up.sql"]\nseverity = [["index-build-blocks-writes", "note"]]\n'
        '[[lint.path]]\nmatch = ["0002_note.down.sql"]\noff = ["index-drop-blocks-queries"]\n'
    )

    report = json.loads(lint(history, "--config", settings, "--format", "json").out)

    severities = {finding["rule"]: finding["severity"] for finding in report["findings"]}
    assert severities["index-build-blocks-writes"] == "note"
    assert "index-drop-blocks-queries" not in severities


def test_a_rule_that_does_not_exist_is_found_in_the_settings_of_a_path_too(history: Path) -> None:
    settings = history / "gatekeeper.toml"
    settings.write_text('[[lint.path]]\nmatch = ["*"]\noff = ["index-drop-blocks-querries"]\n')

    result = lint(history, "--config", settings)

    assert result.exit_code == 2
    assert "did you mean index-drop-blocks-queries" in result.err


def test_the_summary_counts_what_can_be_fixed(history: Path) -> None:
    assert "; 2 with a fix (--fix) (" in lint(history / "0002_note.up.sql").out
