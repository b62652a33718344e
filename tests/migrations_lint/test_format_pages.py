"""Every format's page is run: its trees of files are read as it says, and injected as it shows."""

from pathlib import Path

import pytest

from migrations_lint.edits import edited
from migrations_lint.formats import formats
from migrations_lint.history import History, read_history
from migrations_lint.model import Migration, Problem, Script
from migrations_lint.timeouts import Timeouts
from tests.pages import Section, examples

EXAMPLES = examples("migrations_lint/formats")
READ = [example for example in EXAMPLES if example.text("text", "migrations")]
INJECTED = [example for example in EXAMPLES if any(block.word == "injected" for block in example.blocks)]


def laid_out(example: Section, folder: Path) -> Path:
    for block in example.blocks:
        if block.path and block.word != "injected":
            file = folder / block.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("example", READ, ids=str)
def test_a_tree_of_files_means_the_migrations_that_the_page_says(example: Section, tmp_path: Path) -> None:
    history = read_history([laid_out(example, tmp_path)])

    assert {migration.tool for migration in history.migrations} <= {example.page.stem}
    assert list(lines(history)) == (example.text("text", "migrations") or "").splitlines()


@pytest.mark.parametrize("example", INJECTED, ids=str)
def test_timeouts_are_written_as_the_page_shows(example: Section, tmp_path: Path) -> None:
    root = laid_out(example, tmp_path)

    inject(root)

    after = {block.path: block.text for block in example.blocks if block.word == "injected" and block.path}
    assert {path: (root / path).read_text(encoding="utf-8") for path in after} == after
    others = {path: text for path, text in example.files.items() if path not in after}
    assert {path: (root / path).read_text(encoding="utf-8") for path in others} == others


@pytest.mark.parametrize("example", INJECTED, ids=str)
def test_nothing_is_due_twice(example: Section, tmp_path: Path) -> None:
    root = laid_out(example, tmp_path)
    inject(root)

    assert inject(root) == 0


def test_every_format_has_its_page() -> None:
    assert {example.page.stem for example in READ} == set(formats())


def inject(root: Path) -> int:
    edits = [
        edit
        for migration in read_history([root]).migrations
        for edit in formats()[migration.tool].with_timeout(migration, Timeouts("2s"))
    ]
    for path in {edit.path for edit in edits}:
        text = path.read_text(encoding="utf-8")
        path.write_text(edited(text, [edit for edit in edits if edit.path == path]), encoding="utf-8")
    return len(edits)


def lines(history: History) -> list[str]:
    problems = [shown_problem(problem) for problem in history.problems]
    return [shown(migration) for migration in history.migrations] + problems


def shown(migration: Migration) -> str:
    ways = [
        *shown_script("up", migration.up),
        *(shown_script("down", migration.down) if migration.down else ["no down"]),
    ]
    head = f"{migration.id} {migration.title}".strip()
    return " | ".join([head, *ways, *map(shown_problem, migration.problems)])


def shown_script(way: str, script: Script) -> list[str]:
    fragments = [
        f"{way}{'' if fragment.in_transaction else ' outside'}: {' '.join(fragment.sql.split())}"
        for fragment in script.fragments
    ]
    return fragments or [f"{way}: nothing"]


def shown_problem(problem: Problem) -> str:
    return f"problem at line {problem.line}: {problem.message}"
