"""Reads plug-in pages (`name.md`) into examples. The only reader of their grammar.

Fenced blocks under `##` headings, the language and one word after the fence saying what a block is:
`sql before`, `sql`, `sql outside` (run without a transaction), `sql refused` (the same, and PostgreSQL refuses it),
`sql down`, `sql fixed`, `toml config`, `sh deploy`, `http response`, `html page`, `text outcome`.
A path in backticks alone on the line above a block makes it a file. In an `sql` block, `-- finding: text`
marks a line where a finding with that text in its message is due.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>\w+)(?:[ ]+(?P<word>[\w ]+?))?\s*$")
_FILE = re.compile(r"^`(?P<path>[^`]+)`$")
_EXPECTED = re.compile(r"[ ]*--[ ]finding:[ ]*(?P<text>.*?)[ ]*(?=--[ ]finding:|$)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; `line` is that of its first line of text, from 1."""

    language: str
    word: str
    text: str
    line: int
    path: str | None = None


@dataclass(frozen=True)
class Section:
    """One `##` heading of a page and its blocks: one example."""

    page: Path
    title: str
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """The plug-in's name as users write it."""
        return self.page.stem.replace("_", "-")

    def all(self, language: str, word: str = "") -> list[Block]:
        """The blocks of one kind, in order."""
        return [block for block in self.blocks if (block.language, block.word) == (language, word)]

    def text(self, language: str, word: str = "") -> str | None:
        """The first block of one kind, or None."""
        return next((block.text for block in self.all(language, word)), None)

    @property
    def files(self) -> dict[str, str]:
        """The blocks that stand for files."""
        return {block.path: block.text for block in self.blocks if block.path}

    def __str__(self) -> str:
        return f"{self.name}: {self.title}"


@dataclass
class _Draft:
    title: str
    blocks: list[Block] = field(default_factory=list)


def sections(page: Path) -> Iterator[Section]:
    """The examples of one page; text outside blocks is for readers."""
    draft: _Draft | None = None
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.startswith("## "):
            if draft is not None:
                yield Section(page, draft.title, tuple(draft.blocks))
            draft = _Draft(line.removeprefix("## ").strip())
        elif draft is not None and (fence := _FENCE.match(line)):
            end = next((i for i in range(number, len(lines)) if lines[i].rstrip() == fence["fence"]), len(lines))
            above = _FILE.match(lines[number - 2].strip()) if number >= 2 else None
            draft.blocks.append(
                Block(
                    language=fence["language"],
                    word=(fence["word"] or "").strip(),
                    text="\n".join(lines[number:end]) + "\n",
                    line=number + 1,
                    path=above["path"] if above else None,
                )
            )
            number = end + 1
    if draft is not None:
        yield Section(page, draft.title, tuple(draft.blocks))


def expected_findings(sql: str) -> list[tuple[int, str]]:
    """The findings an `sql` block promises: line (from 1) and a part of the message."""
    return [(sql.count("\n", 0, match.start()) + 1, match["text"]) for match in _EXPECTED.finditer(sql)]


def bare(sql: str) -> str:
    """The block without its marks."""
    return _EXPECTED.sub("", sql)
