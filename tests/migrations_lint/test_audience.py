"""Rules are asked where they listen; where they are not asked, they would have had nothing to say."""

from pathlib import Path

import pytest

from migrations_lint.api import lint_text
from migrations_lint.engine import lint
from migrations_lint.rule_pages import examples_of, history_of
from migrations_lint.rules import rules
from migrations_lint.settings import LintSettings

# Asks every built-in rule that the audience leaves out, and says what it would have found.
ASKS_THE_REST = """
from functools import cache

from migrations_lint.audience import Audience
from migrations_lint.rules import ReleaseRule, StatementRule, release_rule, rule, rules

audience = cache(lambda settings: Audience(rules().values(), settings))


@rule
def silence_was_taken_for_granted(moment):
    asked = {one.name for one in audience(moment.settings).of_statement(moment)}
    for one in rules().values():
        if isinstance(one, StatementRule) and one.name not in asked and moment.facts is not None:
            yield from one.check(moment)


@release_rule
def silence_of_releases_was_taken_for_granted(release):
    asked = {one.name for one in audience(release.settings).of_release(release)}
    for one in rules().values():
        if isinstance(one, ReleaseRule) and one.name not in asked and release.migrations:
            yield from one.check(release)
"""

COUNTS = """
from migrations_lint.rules import release_rule, rule


@rule
def statement_is_no_statement_of_ours(moment):
    if moment.statement.sql == "SELECT 1":
        yield moment.finding("found without a fact", help="")


@release_rule
def release_is_too_large(release):
    if len(list(release.statements())) > 1:
        yield release.finding(release.migrations[0], None, "counts more than one", help="")
"""


def own_rules(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "own.py").write_text(text, encoding="utf-8")
    (folder / "own.md").write_text("# Own\n", encoding="utf-8")
    return (str(folder),)


@pytest.fixture(scope="module")
def asks_the_rest(tmp_path_factory: pytest.TempPathFactory) -> LintSettings:
    folder = own_rules(tmp_path_factory.mktemp("rules"), ASKS_THE_REST)
    return LintSettings(rules=folder, on=tuple(one.name for one in rules().values() if one.opt_in))


@pytest.mark.parametrize("name", rules())
def test_a_rule_that_was_not_asked_has_nothing_to_say(name: str, asks_the_rest: LintSettings) -> None:
    for example in examples_of(rules()[name]):
        report = lint(history_of(example), asks_the_rest)

        assert [f.message for f in report.findings if f.rule.startswith("silence")] == []


def test_an_own_rule_that_looks_at_more_than_facts_is_always_asked(tmp_path: Path) -> None:
    settings = LintSettings(rules=own_rules(tmp_path, COUNTS))

    found = lint_text("SELECT 1; SELECT 2;", settings).findings

    assert {"found without a fact", "counts more than one"} <= {finding.message for finding in found}
