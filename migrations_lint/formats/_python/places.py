"""From a running frame of a revision file to the statement that stands there, in characters."""

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass
from types import CodeType, FrameType

from migrations_lint.files import BYTE_ORDER_MARK

_Position = tuple[int | None, int | None, int | None, int | None]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the file's text: character offsets."""

    start: int
    end: int


class Places:
    """Translates the line numbers and byte columns of Python into offsets of the file's text."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self._text = text
        self._positions: dict[CodeType, tuple[_Position, ...]] = {}
        begin = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
        self._lines = [match.start() for match in _LINE.finditer(text, begin)]
        simple = (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not hasattr(node, "body"))
        self._statements = sorted((self.span(node) for node in simple), key=lambda span: span.start)

    def offset(self, line: int, column: int) -> int:
        """`line` from 1; `column` in UTF-8 bytes from 0, as Python counts."""
        start = self._lines[line - 1]
        before = self._text[start : start + column].encode()[:column]
        return start + len(before.decode(errors="ignore"))

    def span(self, node: ast.stmt | ast.expr) -> Span:
        """Where a node of the tree stands."""
        return Span(
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset),
        )

    def running(self, frame: FrameType) -> Span:
        """The statement that a frame of this file is in; of a compound one only the expression that runs."""
        code = frame.f_code
        if code not in self._positions:
            self._positions[code] = tuple(code.co_positions())
        line, end_line, column, end_column = self._positions[code][frame.f_lasti // 2]
        if line is None or end_line is None or column is None or end_column is None:
            start = self.offset(frame.f_lineno, 0)
            return Span(start, start)
        here = Span(self.offset(line, column), self.offset(end_line, end_column))
        before = bisect_right(self._statements, here.start, key=lambda span: span.start)
        around = self._statements[before - 1] if before else here
        return around if here.end <= around.end else here

    def literal(self, span: Span, sql: str) -> Span | None:
        """Where `sql` stands letter for letter in a plain string between `span`, if it does."""
        at = self._text.find(sql, span.start, span.end) if sql else -1
        if at < 0 or self._text.find(sql, at + 1, span.end) >= 0 or "\\" in sql:
            return None
        return Span(at, at + len(sql))
