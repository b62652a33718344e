"""Puts one operation of a revision into an `autocommit_block()`, with the indentation that Python then wants."""

import ast
from collections.abc import Iterator

from migrations_lint.formats._alembic.injection import name_of_op
from migrations_lint.formats._python.places import Places, Span
from migrations_lint.model import Edit, Fragment
from migrations_lint.timeouts import line_end

_INDENT = "    "


def autocommit_edits(tree: ast.Module, fragment: Fragment) -> tuple[Edit, ...] | None:
    """None where the statement does not begin its line, or `op` is not imported by name."""
    text, path = fragment.source.text, fragment.source.path
    places, op = Places(text, tree), name_of_op(tree)
    statement = statement_of(tree, places, fragment)
    if op is None or statement is None:
        return None
    span = places.span(statement)
    line = _line_start(text, span.start)
    indent = text[line : span.start]
    if indent.strip():
        return None
    block = f"with {op}.get_context().autocommit_block():{line_end(text)}{indent}{_INDENT}"
    others = [Edit(path, at, at, _INDENT) for at in _lines_inside(text, span, _strings(statement, places))]
    return Edit(path, span.start, span.start, block), *others


def statement_of(tree: ast.Module, places: Places, fragment: Fragment) -> ast.stmt | None:
    """The statement of Python that sends a fragment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            span = places.span(node)
            if span.start <= fragment.start and fragment.end <= span.end:
                return node
    return None


def _strings(statement: ast.stmt, places: Places) -> list[Span]:
    """Text whose lines belong to the SQL, not to Python."""
    kinds = (ast.Constant, ast.JoinedStr)
    return [places.span(node) for node in ast.walk(statement) if isinstance(node, kinds)]


def _lines_inside(text: str, span: Span, strings: list[Span]) -> Iterator[int]:
    at = text.find("\n", span.start, span.end) + 1
    while at:
        if not any(string.start < at <= string.end for string in strings) and text[at : at + 1] not in {"\r", "\n"}:
            yield at
        at = text.find("\n", at, span.end) + 1


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
