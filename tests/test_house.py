"""The house keeps its own rules: contracts, pages for plug-ins, documented commands, names without machine paths."""

import re
from pathlib import Path

import pytest

from tests.pages import ROOT, sections

PLUG_IN_ROOMS = {
    "migrations_lint/rules": "@rule",
    "migrations_lint/formats": "FORMAT",
    "migrations_lint/reporters": "REPORTER",
    "smoke/checks": "CHECK",
    "gatekeeper/providers": "PROVIDER",
    "gatekeeper/notify": "CHANNEL",
}


def plug_ins(room: str) -> list[Path]:
    return [path for path in sorted((ROOT / room).glob("*.py")) if not path.name.startswith("_")]


ALL = [path for room in PLUG_IN_ROOMS for path in plug_ins(room)]


@pytest.mark.parametrize("plug_in", ALL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_plug_in_has_its_page_and_every_page_an_example(plug_in: Path) -> None:
    page = plug_in.with_suffix(".md")

    assert page.is_file()
    assert page.read_text(encoding="utf-8").startswith("# ")
    assert [section for section in sections(page) if section.blocks]


@pytest.mark.parametrize("room", PLUG_IN_ROOMS)
def test_every_page_belongs_to_a_plug_in(room: str) -> None:
    pages = {path.stem for path in (ROOT / room).glob("*.md")}

    assert pages == {path.stem for path in plug_ins(room)}


def python_files() -> list[Path]:
    return [path for package in ("gatekeeper", "smoke", "migrations_lint") for path in (ROOT / package).rglob("*.py")]


def test_no_file_has_outgrown_its_room() -> None:
    long = {
        str(path.relative_to(ROOT)): n for path in python_files() if (n := len(path.read_text().splitlines())) > 400
    }

    assert long == {}


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    empty_names = re.compile(r"(^|_)(utils?|helpers?|manager|misc|common)(_|$)")

    assert [path for path in python_files() if empty_names.search(path.stem)] == []


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_every_command_of_the_readme_exists() -> None:
    import click

    from gatekeeper.cli import cli

    named = set(re.findall(r"`?gatekeeper ([a-z]+)", (ROOT / "README.md").read_text()))
    known = set(cli.list_commands(click.Context(cli)))

    assert named <= known
