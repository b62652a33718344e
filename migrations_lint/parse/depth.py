"""How deeply SQL is nested, told before the parser is asked: its C code has a stack, and some inputs no end.

The limits are far above what people write; PostgreSQL itself stops at `max_stack_depth` (runtime configuration, 19.4).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import postgast
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

try:
    from google._upb import _message  # type: ignore[import-untyped]
except ImportError:  # protobuf in pure Python has no such limit
    _message = None

MOST_LEVELS = 600
_MOST_NESTED_COMMENTS = 100
_MANY_COMMENTS = 500
_LONGEST_CHAIN = 2000
_DEEPEST_BRACKETS = 250

_WORDS = postgast.pg_query_pb2
_OPEN = frozenset({_WORDS.ASCII_40, _WORDS.ASCII_91, _WORDS.CASE})
_CLOSE = frozenset({_WORDS.ASCII_41, _WORDS.ASCII_93, _WORDS.END_P})
_APART = frozenset(
    {
        *(_WORDS.ASCII_44, _WORDS.ASCII_59, _WORDS.AND, _WORDS.OR, _WORDS.WHEN, _WORDS.THEN, _WORDS.ELSE),
        *(_WORDS.VALUES, _WORDS.SET, _WORDS.WHERE),
    }
)


__all__ = ["MOST_LEVELS", "DecodeError", "children", "deep_messages", "has_endless_comments", "is_too_deep", "levels"]


@contextmanager
def deep_messages() -> Iterator[None]:
    """While this lasts, protobuf reads messages inside one another beyond its limit of 100."""
    if _message is None:
        yield
        return
    _message.SetAllowOversizeProtos(True)
    try:
        yield
    finally:
        _message.SetAllowOversizeProtos(False)


def has_endless_comments(sql: str) -> bool:
    """Whether comments are nested so deeply that the scanner, which begins each one anew, would take minutes."""
    return sql.count("/*") > _MANY_COMMENTS and any(depth > _MOST_NESTED_COMMENTS for depth in _comment_depths(sql))


def is_too_deep(kinds: Sequence[int]) -> bool:
    """Whether an expression is so long or so nested that the parser's own recursion might not come back.

    `kinds` are those of the tokens, comments left out.
    """
    if len(kinds) < _DEEPEST_BRACKETS:
        return False
    chains = [0]
    for kind in kinds:
        if kind in _OPEN:
            chains.append(0)
        elif kind in _CLOSE and len(chains) > 1:
            chains.pop()
        elif kind in _APART:
            chains[-1] = 0
        else:
            chains[-1] += 1
        if chains[-1] > _LONGEST_CHAIN or len(chains) > _DEEPEST_BRACKETS:
            return True
    return False


def levels(message: Any) -> int:
    """How many messages of a parse tree stand inside one another."""
    deepest = 0
    waiting = [(message, 1)]
    while waiting:
        here, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in children(here)]
    return deepest


def children(message: Any) -> Iterator[Any]:
    """The messages directly inside a message, in the order of its fields."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            yield from value if field.is_repeated else (value,)


def _comment_depths(sql: str) -> Iterable[int]:
    depth, at = 0, 0
    while (opening := sql.find("/*", at)) >= 0:
        closing = sql.find("*/", at)
        if closing < 0 or opening < closing:
            depth, at = depth + 1, opening + 2
        else:
            depth, at = max(depth - 1, 0), closing + 2
        yield depth
