"""An answer is kept exactly as long as everything it rests on is as it was."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from git import Repo
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.lint_cache import FOLDER
from migrations_lint.cache import Answer, FileSeen, as_json, from_json, is_same
from tests.cli.test_own_rules import PAGE, RULE
from tests.gatekeeper.commands import Answer as Said
from tests.gatekeeper.commands import gatekeeper

KEPT = "this was kept"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which the linter has answered once; what it has kept says of itself that it was kept."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gatekeeper.toml").write_text('[lint]\nrules = ["own"]\nbaseline = "known.json"\n')
    (tmp_path / "known.json").write_text('{"version": 1, "findings": []}')
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "table_name_is_plural.py").write_text(RULE)
    (tmp_path / "own" / "table_name_is_plural.md").write_text(PAGE)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1.sql").write_text("CREATE TABLE orders (id bigint);\n")
    (tmp_path / "migrations" / "2.sql").write_text("ALTER TABLE orders ADD COLUMN a int;\n")
    lint()
    (kept,) = FOLDER.glob("*.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"text": KEPT}))
    return tmp_path


def dropping(root: Path) -> None:
    """A history that takes something away, so that the repository is asked for code that names it."""
    (root / "migrations" / "1.sql").write_text("CREATE TABLE orders (id bigint);\n")
    (root / "migrations" / "2.sql").write_text("DROP TABLE orders;\n")


def lint(*words: str) -> Said:
    return gatekeeper("lint", "migrations", *words)


def append(name: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / name).write_text((root / name).read_text() + text)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a migration": append("migrations/1.sql", "CREATE TABLE more (id int);\n"),
    "a new migration": lambda root: (root / "migrations" / "3.sql").write_text("DROP TABLE orders;\n"),
    "a migration that is gone": lambda root: (root / "migrations" / "2.sql").unlink(),
    "a way down": lambda root: (root / "migrations" / "2.down.sql").write_text("ALTER TABLE orders DROP COLUMN a;\n"),
    "the settings": append("gatekeeper.toml", 'off = ["lock-waits-without-timeout"]\n'),
    "a rule of one's own": append("own/table_name_is_plural.py", "\n# changed\n"),
    "the baseline": append("known.json", "\n"),
}


def test_an_answer_is_kept_for_the_same_question(repository: Path) -> None:
    result = lint()

    assert result.out == f"{KEPT}\n"
    assert result.exit_code == 1


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_it_rests_on_changes_it_is_found_anew(repository: Path, change: Callable[[Path], object]) -> None:
    change(repository)

    assert KEPT not in lint().out


@pytest.mark.parametrize("in_git", [False, True])
def test_what_is_taken_away_is_looked_for_in_code_and_the_answer_kept_until_that_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_git: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").mkdir()
    dropping(tmp_path)
    # One folder down: beside the migrations, Python files are looked at to tell whose migrations these are.
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("x = 1\n")
    if in_git:
        with Repo.init(tmp_path) as made:
            made.index.add(["src/app.py"])
    lint()
    (kept,) = FOLDER.glob("*.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"text": KEPT}))

    again = lint().out
    (tmp_path / "src" / "app.py").write_text('query = "SELECT id FROM orders"\n')
    changed = lint().out

    assert again == f"{KEPT}\n"
    assert ("app.py" in changed) == in_git
    assert (KEPT in changed) != in_git


def test_a_fresh_checkout_of_the_same_files_is_the_same(repository: Path) -> None:
    for path in (repository / "migrations").iterdir():
        os.utime(path, (1, 1))

    assert lint().out == f"{KEPT}\n"


@pytest.mark.parametrize("words", [("--no-cache",), ("--format", "json"), ("--fix",), ("--diff",)])
def test_another_question_is_answered_anew(repository: Path, words: tuple[str, ...]) -> None:
    assert KEPT not in lint(*words).out


def test_the_environment_is_part_of_the_question(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEKEEPER_LINT__FAIL_ON", "note")

    assert KEPT not in lint().out


def test_what_is_kept_is_not_committed(repository: Path) -> None:
    assert (FOLDER / ".gitignore").read_text() == "*\n"


def test_a_file_that_is_cut_short_is_passed_over(repository: Path) -> None:
    (kept,) = FOLDER.glob("*.json")
    kept.write_text(kept.read_text()[:-20])

    assert KEPT not in lint().out


def test_no_file_of_python_or_of_the_linter_is_noted(repository: Path) -> None:
    (kept,) = FOLDER.glob("*.json")

    noted = json.loads(kept.read_text())["files"]

    assert {Path(path).parent.name for path in noted} <= {"migrations", "own", repository.name}
    assert len(noted) == 5


@given(
    st.text(),
    st.integers(0, 5),
    st.dictionaries(st.text(), st.builds(FileSeen, st.integers(), st.integers(), st.text())),
)
def test_an_answer_goes_to_json_and_back(text: str, exit_code: int, files: dict[str, FileSeen]) -> None:
    answer = Answer(text, exit_code, files, {"a": "b"})

    assert from_json(as_json(answer)) == answer


@given(st.integers(0, 2), st.integers(0, 2), st.sampled_from("ab"))
def test_a_file_is_the_same_if_its_size_is_and_its_time_or_its_content(size: int, changed: int, digest: str) -> None:
    assert is_same(FileSeen(1, 1, "a"), size, changed, lambda: digest) == (
        size == 1 and (changed == 1 or digest == "a")
    )
