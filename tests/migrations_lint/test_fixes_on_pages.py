"""Every fix on a rule's page: it writes what the page shows, parses, silences the rule, ends in the same schema."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekeeper.model.proof import DifferenceClass
from gatekeeper.staging.compare import compare
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.fixing import Fixed, fix_history
from migrations_lint.history import History, read_history
from migrations_lint.parse import parse
from migrations_lint.rules import rules
from migrations_lint.settings import LintSettings
from tests.migrations_lint.harm import harm, ran
from tests.pages import Section, bare, examples

_VERSION = 15


def fixed_examples() -> list[Section]:
    return [example for example in examples("migrations_lint/rules") if example.all("sql", "fixed")]


EXAMPLES = fixed_examples()


@dataclass(frozen=True)
class Case:
    """A page's example as files, and what fixing its rule's findings came to."""

    example: Section
    folder: Path
    settings: LintSettings
    history: History
    fixed: Fixed

    @property
    def texts(self) -> dict[str, str]:
        return {file.path.name: file.after for file in self.fixed.files}


def settings_for(example: Section, version: int = _VERSION) -> LintSettings:
    return LintSettings(server_version=version, off=tuple(name for name in rules() if name != example.name))


def laid_out(example: Section, folder: Path) -> History:
    texts = {
        "1.sql": example.text("sql", "before"),
        "2.sql": bare(example.text("sql") or example.text("sql", "outside") or ""),
        "2.down.sql": example.text("sql", "down"),
    }
    for name, text in texts.items():
        if text is not None:
            (folder / name).write_text(bare(text), encoding="utf-8")
    history = read_history([folder])
    selected = frozenset({folder / "2.sql"})
    return History(history.migrations, history.problems, selected)


def is_unsafe(example: Section) -> bool:
    return "unsafe" in example.title


def promised(example: Section) -> dict[str, str]:
    return {block.path or "2.sql": block.text for block in example.all("sql", "fixed")}


@pytest.fixture
def case(example: Section, tmp_path: Path) -> Case:
    history = laid_out(example, tmp_path)
    version = 18 if "18" in example.title else _VERSION
    settings = settings_for(example, version)
    fixed = fix_history(history, settings, unsafe=is_unsafe(example))
    return Case(example, tmp_path, settings, history, fixed)


def after(case: Case) -> History:
    """The history read from the files as they are when all fixes are written."""
    for file in case.fixed.files:
        file.path.parent.mkdir(exist_ok=True)
        file.path.write_text(file.after, encoding="utf-8")
    history = read_history([case.folder])
    return History(history.migrations, history.problems, frozenset(m.path for m in history.migrations[1:]))


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_fix_writes_what_the_page_shows(case: Case) -> None:
    assert case.texts == promised(case.example)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_what_is_written_parses(case: Case) -> None:
    for migration in after(case).migrations:
        for _, script in migration.scripts():
            assert [parse(fragment).errors for fragment in script.fragments] == [() for _ in script.fragments]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_rule_finds_nothing_more(case: Case) -> None:
    history = after(case)
    report = lint(history.migrations, case.settings, selected=history.selected)

    assert case.fixed.findings
    assert [finding for finding in report.standing() if finding.rule == case.example.name] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_schema_is_the_same_and_the_locks_are_weaker(case: Case, server: StagingServer, databases: Scratch) -> None:
    if case.settings.server_version > server.version:
        pytest.skip(f"this fix is for PostgreSQL {case.settings.server_version}, and this is {server.version}")
    with_fixes = ran(after(case), server, databases)
    assert with_fixes is not None
    laid_out(case.example, case.folder)
    for file in case.fixed.files:
        if file.before is None:
            file.path.unlink()
    original = ran(read_history([case.folder]), server, databases)
    if original is None:
        return  # PostgreSQL refuses it as it was; that is what the finding is about
    differences = compare(original.catalog, with_fixes.catalog)
    if is_unsafe(case.example):  # what such a fix leaves beside is among its reasons
        differences = tuple(d for d in differences if d.difference is DifferenceClass.LOST)
    assert differences == ()
    if case.example.name != "lock-waits-without-timeout":
        assert harm(with_fixes) < harm(original) or is_unsafe(case.example)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("example", [e for e in EXAMPLES if is_unsafe(e)], ids=str)
def test_an_unsafe_fix_waits_to_be_asked_for_and_says_why(example: Section, tmp_path: Path) -> None:
    history = laid_out(example, tmp_path)

    fixed = fix_history(history, settings_for(example))

    assert fixed.files == ()
    assert all(finding.fix and finding.fix.unsafe for finding in fixed.unsafe)
    assert fixed.unsafe
