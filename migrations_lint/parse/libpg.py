"""PostgreSQL 18's own grammar through libpg_query (postgast): text in, statements out.

libpg_query counts in UTF-8 bytes; everything that leaves this file counts in characters.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import postgast

from migrations_lint.errors import SqlSyntaxError
from migrations_lint.model import Fragment, Statement
from migrations_lint.parse.depth import (
    MOST_LEVELS,
    DecodeError,
    deep_messages,
    has_endless_comments,
    is_too_deep,
    levels,
)

_COMMENTS = frozenset({postgast.pg_query_pb2.SQL_COMMENT, postgast.pg_query_pb2.C_COMMENT})
_LONGEST_MESSAGE = 200
_SEMICOLON = postgast.pg_query_pb2.ASCII_59
_IDENTIFIER = postgast.pg_query_pb2.IDENT
_LONGEST_NAME = 63  # bytes: NAMEDATALEN - 1
_NO_KEYWORD, _UNRESERVED = postgast.pg_query_pb2.NO_KEYWORD, postgast.pg_query_pb2.UNRESERVED_KEYWORD
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_OPEN, _CLOSE = postgast.pg_query_pb2.ASCII_40, postgast.pg_query_pb2.ASCII_41


class Token(NamedTuple):
    """A token that is no comment, at character offsets; a keyword's text is as it was written."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a fragment holds. `errors` are the statements that PostgreSQL's grammar refuses."""

    statements: tuple[Statement, ...]
    errors: tuple[SqlSyntaxError, ...] = ()


class _Code(NamedTuple):
    """The tokens of a text that are no comments, in order: what each is, and its place in bytes."""

    kinds: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]


class _Text:
    """SQL text that translates the parser's byte offsets into characters."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.bytes = sql.encode("utf-8", errors="replace")
        self._starts = None if len(self.bytes) == len(sql) else [0, *accumulate(map(_width, sql))]

    def character(self, offset: int) -> int:
        if self._starts is None:
            return offset
        return bisect_left(self._starts, offset)

    def slice(self, start: int, end: int) -> str:
        return self.bytes[start:end].decode("utf-8", errors="replace")


def parse(fragment: Fragment) -> Parsed:
    """Parse all of a fragment; where the grammar refuses it, parse what can be parsed statement by statement."""
    if (unreadable := _no_text(fragment.sql)) is not None:
        return Parsed((), errors=(unreadable,))
    text = _Text(fragment.sql)
    if has_endless_comments(fragment.sql):
        return Parsed((), errors=(SqlSyntaxError("comments are nested too deeply to be read", 0),))
    try:
        code = _code(fragment.sql)
    except postgast.PgQueryError as error:
        return Parsed((), errors=(_syntax_error(error, fragment.sql, 0),))
    try:
        return Parsed(tuple(_statements(fragment, text, code, 0, len(text.bytes))))
    except (postgast.PgQueryError, _TooDeep):
        statements, errors = _one_by_one(fragment, text, code)
        return Parsed(statements, errors)


def _code(sql: str) -> _Code:
    scanned = [token for token in postgast.scan(sql).tokens if token.token not in _COMMENTS]
    return _Code([t.token for t in scanned], [t.start for t in scanned], [t.end for t in scanned])


def tokens(sql: str) -> tuple[Token, ...]:
    """The tokens of a text, comments left out; none where PostgreSQL's scanner refuses it."""
    text = _Text(sql)
    try:
        scanned = postgast.scan(sql).tokens
    except postgast.PgQueryError:
        return ()
    return tuple(
        Token(text.slice(t.start, t.end), text.character(t.start), text.character(t.end))
        for t in scanned
        if t.token not in _COMMENTS
    )


def quoted(name: str) -> str:
    """An identifier as SQL has to spell it."""
    if _PLAIN_NAME.fullmatch(name):
        (token,) = postgast.scan(name).tokens
        if token.keyword_kind in {_NO_KEYWORD, _UNRESERVED}:
            return name
    return '"' + name.replace('"', '""') + '"'


def _statements(fragment: Fragment, text: _Text, code: _Code, begin: int, end: int) -> Iterator[Statement]:
    """Parse the bytes from `begin` to `end`; raises the parser's error, or _TooDeep."""
    at, last_at = bisect_left(code.starts, begin), bisect_left(code.starts, end)
    if is_too_deep(code.kinds[at:last_at]):
        raise _TooDeep
    tree = _tree(text.slice(begin, end))
    too_long = tuple(_cut_names(text, code))
    for raw in tree.stmts:
        after = begin + raw.stmt_location
        at = bisect_left(code.starts, after, at, last_at)
        first = code.starts[at] if at < last_at else after
        last = after + raw.stmt_len if raw.stmt_len else end
        sql = text.slice(first, last).rstrip()
        start = text.character(first)
        kind = raw.stmt.WhichOneof("node")
        long = tuple(name for place, name in too_long if first <= place < last)
        yield Statement(fragment, sql, start, start + len(sql), kind, getattr(raw.stmt, kind), long)


def _cut_names(text: _Text, code: _Code) -> Iterator[tuple[int, str]]:
    """The names that PostgreSQL cuts off, each with its place."""
    for kind, start, end in zip(*code, strict=True):
        if end - start > _LONGEST_NAME and kind == _IDENTIFIER:
            quoted = text.bytes[start : start + 1] == b'"'
            if end - start - 2 * quoted > _LONGEST_NAME:
                yield start, text.slice(start, end)


def text_of(expression: Any) -> str:
    """An expression in PostgreSQL's own spelling; empty where there is none or it cannot be written out."""
    if expression is None or not expression.ListFields():
        return ""
    tree = postgast.pg_query_pb2.ParseResult()
    target = tree.stmts.add().stmt.select_stmt.target_list.add().res_target
    _wrap(expression, target.val)
    return _deparsed(tree).removeprefix("SELECT ")


def sql_of(statement: Any) -> str:
    """A statement's node as SQL; empty where it cannot be written out."""
    tree = postgast.pg_query_pb2.ParseResult()
    _wrap(statement, tree.stmts.add().stmt)
    return _deparsed(tree)


def _wrap(message: Any, node: Any) -> None:
    """Put a message into an empty Node."""
    if message.DESCRIPTOR.name == "Node":
        node.CopyFrom(message)
        return
    fields = node.DESCRIPTOR.fields
    name = next(f.name for f in fields if f.message_type and f.message_type.name == message.DESCRIPTOR.name)
    getattr(node, name).CopyFrom(message)


def _deparsed(tree: Any) -> str:
    try:
        return str(postgast.deparse(tree))
    except postgast.PgQueryError:
        return ""


class _TooDeep(Exception):
    """Nobody writes this, and following it down would exhaust a stack."""


def _tree(sql: str) -> Any:
    """The parse tree; protobuf's own limit of 100 levels is met by an expression of some thirty operators."""
    try:
        return postgast.parse(sql)
    except DecodeError:
        with deep_messages():
            tree = postgast.parse(sql)
    if levels(tree) > MOST_LEVELS:
        raise _TooDeep
    return tree


def _one_by_one(
    fragment: Fragment, text: _Text, code: _Code
) -> tuple[tuple[Statement, ...], tuple[SqlSyntaxError, ...]]:
    statements: list[Statement] = []
    errors: list[SqlSyntaxError] = []
    for begin, end in _between_semicolons(code):
        try:
            statements += _statements(fragment, text, code, begin, end)
        except postgast.PgQueryError as error:
            errors.append(_syntax_error(error, text.slice(begin, end), text.character(begin)))
        except _TooDeep:
            errors.append(
                SqlSyntaxError("is nested too deeply, or too long an expression, to be read", text.character(begin))
            )
    return tuple(statements), tuple(errors)


def _between_semicolons(code: _Code) -> Iterator[tuple[int, int]]:
    depth = 0
    begin: int | None = None
    for kind, start in zip(code.kinds, code.starts, strict=True):
        if kind == _SEMICOLON and depth <= 0:
            if begin is not None:
                yield begin, start
            begin, depth = None, 0
            continue
        begin = start if begin is None else begin
        depth += (kind == _OPEN) - (kind == _CLOSE)
    if begin is not None:
        yield begin, code.ends[-1]


def _no_text(sql: str) -> SqlSyntaxError | None:
    """What no server is ever sent. The parser's C code would take NUL for the end and keep silent about the rest."""
    if "\0" in sql:
        return SqlSyntaxError("a NUL character, which PostgreSQL does not accept", sql.index("\0"))
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        return SqlSyntaxError("half of a character, which is no Unicode text", error.start)
    return None


def _syntax_error(error: postgast.PgQueryError, sql: str, offset: int) -> SqlSyntaxError:
    within = min(max((error.cursorpos or 1) - 1, 0), len(sql))  # the parser counts this one in characters, from 1
    message = error.message if len(error.message) <= _LONGEST_MESSAGE else error.message[:_LONGEST_MESSAGE] + "…"
    return SqlSyntaxError(message, offset + within)


def _width(character: str) -> int:
    code = ord(character)
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
