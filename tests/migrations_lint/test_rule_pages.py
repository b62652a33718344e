"""Every rule's page is run: what it promises the reader is what the rule does."""

import pytest

from migrations_lint.engine import lint
from migrations_lint.model import Finding
from migrations_lint.rules import rules
from migrations_lint.settings import LintSettings
from tests.migrations_lint.scripts import migration
from tests.pages import Section, bare, examples, expected_findings

EXAMPLES = [
    example for example in examples("migrations_lint/rules") if example.all("sql") or example.all("sql", "outside")
]


def findings_of(example: Section) -> list[Finding]:
    """The findings of the example's rule on its last migration, the schema before it built by an earlier one."""
    outside = example.text("sql", "outside")
    up = bare(example.text("sql") or outside or "")
    down = example.text("sql", "down")
    history = [
        migration(example.text("sql", "before") or "", name="1"),
        migration(up, down=bare(down) if down else None, in_transaction=outside is None),
    ]
    others = tuple(name for name in rules() if name != example.name)
    report = lint(history, LintSettings(off=others), selected=frozenset({history[1].path}))
    assert report.problems == ()
    return [finding for finding in report.findings if finding.rule == example.name]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_rule_finds_what_the_page_says(example: Section) -> None:
    promised = [
        (f"2{suffix}.sql", line, text)
        for suffix, word in (("", ""), ("", "outside"), (".down", "down"))
        for block in example.all("sql", word)
        for line, text in expected_findings(block.text)
    ]

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
