"""Every reporter's page is run: its file is linted, and the report holds each line that the page promises."""

import pytest

from migrations_lint.engine import lint
from migrations_lint.reporters import reporters
from tests.migrations_lint.scripts import migration
from tests.pages import Section, examples

EXAMPLES = examples("migrations_lint/reporters")


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_report_is_what_the_page_shows(example: Section) -> None:
    ((path, sql),) = example.files.items()
    history = [migration("SET LOCAL lock_timeout = '2s';", name="0001"), migration(sql, name=path.removesuffix(".sql"))]

    text = reporters()[example.name].render(
        lint(history, selected=frozenset({history[1].path})), tool="gatekeeper 0.1.0"
    )

    for line in (example.text("text", "outcome") or "").splitlines():
        assert line.rstrip() in text


@pytest.mark.parametrize("name", reporters())
def test_every_reporter_has_a_page_with_an_example(name: str) -> None:
    assert [example for example in EXAMPLES if example.name == name]
