"""Applies edits to a text. What no edit names stays as it is, to the last byte."""

from collections.abc import Iterable

from migrations_lint.model import Edit


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after all edits; of two insertions at one place the first named comes first."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise ValueError(f"edits overlap at offset {edit.start}")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def trimmed(edit: Edit, text: str) -> Edit:
    """The same edit without what it would leave as it is at both ends."""
    old, new = text[edit.start : edit.end], edit.text
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    return Edit(edit.path, edit.start + head, edit.end - tail, new[head : len(new) - tail])


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    differ = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))
