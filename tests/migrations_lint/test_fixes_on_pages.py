"""Every fix on a rule's page: it writes what the page shows, parses, silences the rule, ends in the same schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.model.proof import LockTrace
from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.compare import compare
from gatekeeper.staging.lock_trace import StatementFailed, trace
from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.fixing import Fixed, fix_history
from migrations_lint.history import History, read_history
from migrations_lint.model import CheckedMigration, Direction, Work
from migrations_lint.parse import parse
from migrations_lint.rules import rules
from migrations_lint.settings import LintSettings
from tests.pages import Section, bare, examples

_VERSION = 15
_LONG = frozenset({Work.SCAN, Work.INDEX_BUILD, Work.REWRITE})


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


def promised(example: Section) -> dict[str, str]:
    return {block.path or "2.sql": block.text for block in example.all("sql", "fixed")}


@pytest.fixture
def case(example: Section, tmp_path: Path) -> Case:
    history = laid_out(example, tmp_path)
    version = 18 if "18" in example.title else _VERSION
    settings = settings_for(example, version)
    unsafe = "unsafe" in example.title.lower()
    return Case(example, tmp_path, settings, history, fix_history(history, settings, unsafe=unsafe))


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


@pytest.fixture(scope="session")
def databases(server: StagingServer) -> Iterator[Scratch]:
    with scratch(server) as databases:
        yield databases


@dataclass(frozen=True)
class Run:
    catalog: Catalog
    traces: list[LockTrace]
    checked: list[CheckedMigration]


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
    assert compare(original.catalog, with_fixes.catalog) == ()
    if case.example.name != "lock-waits-without-timeout":
        assert harm(with_fixes) < harm(original)


def ran(history: History, server: StagingServer, databases: Scratch) -> Run | None:
    """The ways up on a database of their own, one row in each table in use; None where PostgreSQL refuses them."""
    name = databases.create()
    try:
        with server.connect(name) as connection:
            first, *others = history.migrations
            trace(connection, first.up)
            checked = checked_by(history, server.version)
            traces = [trace(connection, migration.up) for migration in others]
            return Run(catalog_of(connection), traces, checked[1:])
    except StatementFailed:
        return None
    finally:
        databases.drop(name)


def checked_by(history: History, version: int) -> list[CheckedMigration]:
    return list(lint(history.migrations, LintSettings(server_version=version)).migrations)


def harm(run: Run) -> tuple[bool, bool, int]:
    """The worst moment: whether reads wait for long, whether writes do, and how strong the strongest lock is.

    Long is a scan or rewrite that was seen, or an index build, under any lock that the transaction holds by then.
    """
    reads = writes = False
    strongest = 0
    for observed, checked in zip(run.traces, run.checked, strict=True):
        held: dict[Any, Any] = {}
        transaction: int | None = None
        ups = [each for each in checked.statements if each.direction is Direction.UP]
        for traced, known in zip(observed.statements, ups, strict=True):
            if known.transaction is None or known.transaction != transaction:
                held = {}
            transaction = known.transaction
            new = {lock.relation for lock in known.locks if lock.created_here}
            for lock in traced.locks:
                if lock.relation not in new:
                    held[lock.relation] = max(held.get(lock.relation, lock.mode), lock.mode, key=lambda mode: mode.rank)
            strongest = max([strongest, *(mode.rank for mode in held.values())])
            long = {*traced.scans, *traced.rewrites}
            long |= {lock.relation for lock in known.locks if lock.work is Work.INDEX_BUILD}
            for relation in long & held.keys():
                reads |= held[relation].blocks_reads
                writes |= held[relation].blocks_writes
    return reads, writes, strongest


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8
