"""The string literals of a file in any language, and the SQL among them."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|"""(?P<block>.*?)"""|"(?P<double>(?:[^"\\\n]|\\.)*)"'
    r"|'(?P<single>(?:[^'\\\n]|\\.)*)'|`(?P<template>(?:[^`\\]|\\.)*)`",
    re.DOTALL,
)
_BEGINS_SQL = re.compile(
    r"\s*(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|MERGE\s+INTO|COPY|TRUNCATE)\s", re.IGNORECASE
)
# What drivers and template languages put a value in the place of.
_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}|#\{[^{}]*\}|%\(\w+\)s|%s|\{\w*\}|(?<![:\w]):[A-Za-z_]\w*|\?")


_QUOTED_SQL = re.compile(rf"[\"'`]{_BEGINS_SQL.pattern}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Literal:
    """A string's text and the line on which it begins; a part that is computed stands as `${}`."""

    text: str
    line: int


def may_hold_sql(path: PurePath, text: str) -> bool:
    """Whether a string of the file may begin as SQL does; a file of SQL is one."""
    return path.suffix == ".sql" or _QUOTED_SQL.search(text) is not None


def literals(path: PurePath, text: str) -> Iterator[Literal]:
    """Every string of a file; a file of SQL is one."""
    if path.suffix == ".sql":
        yield Literal(text, 1)
    elif path.suffix == ".py":
        yield from _of_python(text)
    else:
        yield from _of_others(text)


def as_sql(literal: Literal) -> tuple[str, ...]:
    """The string with its placeholders filled, as value and as name, if it begins as SQL does."""
    if not _BEGINS_SQL.match(literal.text):
        return ()
    return tuple(_PLACEHOLDER.sub(filling, literal.text) for filling in ("$1", "placeholder"))


def _of_python(text: str) -> Iterator[Literal]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an old escape sequence is not our concern
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # written for a newer Python than ours
        yield from _of_others(text)
        return
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield Literal(node.value, node.lineno)
        elif isinstance(node, ast.JoinedStr):
            parts = (str(each.value) if isinstance(each, ast.Constant) else "${}" for each in node.values)
            yield Literal("".join(parts), node.lineno)


def _of_others(text: str) -> Iterator[Literal]:
    for match in _LITERAL.finditer(text):
        if match.lastgroup is not None:
            yield Literal(match[match.lastgroup], text.count("\n", 0, match.start()) + 1)
