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
