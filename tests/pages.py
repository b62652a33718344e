"""The pages of the plug-ins as cases for tests; their grammar is read by `migrations_lint.pages`."""

from pathlib import Path

from migrations_lint.pages import Block, Section, bare, expected_findings, sections

__all__ = ["ROOT", "Block", "Section", "bare", "examples", "expected_findings", "pages", "sections"]

ROOT = Path(__file__).parent.parent


def pages(room: str) -> list[Path]:
    """The pages of a room such as `migrations_lint/rules`."""
    return sorted((ROOT / room).glob("*.md"))


def examples(room: str) -> list[Section]:
    """All examples of a room that have blocks."""
    return [section for page in pages(room) for section in sections(page) if section.blocks]
