"""A team's own rules: two files in a folder that the settings name, through the same door as the built-in ones."""

import json
from pathlib import Path

import pytest

from tests.gatekeeper.commands import gatekeeper

RULE = """
from migrations_lint.model import CreatesRelation
from migrations_lint.rules import rule


@rule
def table_name_is_plural(moment):
    for made in moment.all(CreatesRelation):
        if made.relation.name.endswith("s"):
            yield moment.finding(f"{made.relation.name} is a plural", help="Call it by one of its rows.")
"""
PAGE = """# A table is named in the plural

## Plural
```sql
CREATE TABLE orders (id bigint);  -- finding: orders is a plural
```

## Singular
```sql
CREATE TABLE order_line (id bigint);
```
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gatekeeper.toml").write_text('[lint]\nrules = ["own"]\n')
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "table_name_is_plural.py").write_text(RULE)
    (tmp_path / "own" / "table_name_is_plural.md").write_text(PAGE)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1.sql").write_text("CREATE TABLE customers (id bigint);\n")
    return tmp_path


def test_the_rule_finds_and_can_be_allowed_like_any_other(repository: Path) -> None:
    found = gatekeeper("lint", "migrations")
    (repository / "migrations" / "1.sql").write_text(
        "-- gatekeeper: allow table-name-is-plural because it always was\nCREATE TABLE customers (id bigint);\n"
    )
    allowed = gatekeeper("lint", "migrations")

    assert "customers is a plural [table-name-is-plural]" in found.out
    assert "1 allowed by a comment" in allowed.out


def test_its_page_is_shown_and_listed(repository: Path) -> None:
    assert gatekeeper("explain", "table-name-is-plural").out == PAGE
    assert "table-name-is-plural" in gatekeeper("rules").out


def test_its_page_is_run(repository: Path) -> None:
    result = gatekeeper("rules", "--check")

    assert (result.exit_code, result.out) == (0, "table-name-is-plural: as its page says\n")


def test_a_page_that_promises_what_the_rule_does_not_do_is_the_answer_no(repository: Path) -> None:
    page = repository / "own" / "table_name_is_plural.md"
    page.write_text(PAGE.replace("order_line (", "lines ("))

    result = gatekeeper("rules", "--check", "--format", "json")

    (wrong,) = [one for one in json.loads(result.out)["disagreements"] if one["example"]]
    assert result.exit_code == 1
    assert wrong["example"] == "Singular"
    assert wrong["message"] == "found at line 1 of 2.sql and not promised: lines is a plural"


def test_a_promise_that_is_not_kept_is_told_with_its_line(repository: Path) -> None:
    page = repository / "own" / "table_name_is_plural.md"
    page.write_text(PAGE.replace("orders is a plural", "orders is singular"))

    result = gatekeeper("rules", "--check")

    assert result.exit_code == 1
    assert "promised at line 1 of 2.sql and not found: orders is singular" in result.out


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("broken.py", "def (", "SyntaxError"),
        ("nothing.py", "x = 1\n", "no function in it is marked @rule"),
        ("lonely.py", RULE.replace("table_name_is_plural", "lonely"), "its page lonely.md is missing"),
    ],
)
def test_a_rule_that_cannot_be_used_is_wrong_usage_in_a_sentence(
    repository: Path, name: str, text: str, why: str
) -> None:
    (repository / "own" / name).write_text(text)

    result = gatekeeper("lint", "migrations")

    assert result.exit_code == 2
    assert f"{name} cannot be used as a lint rule" in result.err
    assert why in result.err


def test_a_folder_that_is_not_there_is_named(repository: Path) -> None:
    (repository / "gatekeeper.toml").write_text('[lint]\nrules = ["elsewhere"]\n')

    assert "there is no such folder" in gatekeeper("lint", "migrations").err
