"""Every rule's page is run: what it promises the reader is what the rule does."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from migrations_lint.engine import lint
from migrations_lint.model import Finding
from migrations_lint.rules import rules
from migrations_lint.settings import LintSettings
from tests.migrations_lint.scripts import MIGRATIONS, history_of
from tests.pages import Section, examples, expected_findings

EXAMPLES = [
    example for example in examples("migrations_lint/rules") if any(example.all("sql", word) for word in MIGRATIONS)
]


def settings_of(example: Section) -> LintSettings:
    """What the example's `toml config` says, and no other rule."""
    config = example.text("toml", "config")
    said = tomllib.loads(config)["lint"] if config else {}
    others = tuple(name for name in rules() if name != example.name)
    return LintSettings(**{key: _frozen(value) for key, value in said.items()}, off=others, on=(example.name,))


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def findings_of(example: Section) -> list[Finding]:
    """The findings of the example's rule on its migrations, the schema before them built by an earlier one."""
    history = history_of(example)
    selected = frozenset(migration.path for migration in history[1:])
    report = lint(history, settings_of(example), selected=selected)
    assert report.problems == ()
    return [finding for finding in report.findings if finding.rule == example.name]


def promised_by(example: Section) -> Iterator[tuple[str, int, str]]:
    number = 1
    for block in example.blocks:
        number += block.language == "sql" and block.word in MIGRATIONS
        path = f"{number}.down.sql" if block.word == "down" else f"{number}.sql"
        yield from ((path, line, text) for line, text in expected_findings(block.text))


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_rule_finds_what_the_page_says(example: Section) -> None:
    promised = list(promised_by(example))

    found = findings_of(example)

    assert [(str(f.path), f.begins.line) for f in found] == [(path, line) for path, line, _ in promised]
    for finding, (_, _, text) in zip(found, promised, strict=True):
        assert text in finding.message


@pytest.mark.parametrize("name", rules())
def test_every_rule_shows_a_harm_and_a_case_in_which_it_stays_silent(name: str) -> None:
    own = [example for example in EXAMPLES if example.name == name]
    loud = [example for example in own if any(expected_findings(block.text) for block in example.blocks)]

    assert loud
    assert len(own) > len(loud)


@pytest.mark.parametrize("name", rules())
def test_every_rule_has_a_page_with_a_title(name: str) -> None:
    assert rules()[name].title
