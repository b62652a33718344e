"""Every rule's page is run: what it promises the reader is what the rule does."""

import pytest

from migrations_lint.pages import Section
from migrations_lint.rule_pages import disagreements, examples_of, findings_on, promised_by
from migrations_lint.rules import Rule, rules

EXAMPLES = [(rule, example) for rule in rules().values() for example in examples_of(rule)]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=[str(example) for _, example in EXAMPLES])
def test_the_rule_finds_what_the_page_says(rule: Rule, example: Section) -> None:
    promised = list(promised_by(example))

    found = findings_on(rule, example)

    assert [(str(f.path), f.begins.line) for f in found] == [(path, line) for path, line, _ in promised]
    for finding, (_, _, text) in zip(found, promised, strict=True):
        assert text in finding.message


@pytest.mark.parametrize("name", rules())
def test_every_rule_shows_a_harm_and_a_case_in_which_it_stays_silent(name: str) -> None:
    assert [one.what for one in disagreements(rules()[name]) if one.example is None] == []


@pytest.mark.parametrize("name", rules())
def test_every_rule_has_a_page_with_a_title(name: str) -> None:
    assert rules()[name].title
