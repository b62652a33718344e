"""What a client keeps for itself: psql's meta-commands and the rows behind `COPY … FROM stdin`.

Source: psql's reference page (PostgreSQL 18): a meta-command is an unquoted backslash and what follows it, up to the
end of the line or to a further `\\\\`; rows end with a line of `\\.` alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from migrations_lint.model import Problem, Source
from migrations_lint.outline import tokens

_LINE_END = re.compile(r"\r?\n|\Z")
_END_OF_ROWS = re.compile(r"^\\\.[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_NAME = re.compile(r"\\(?P<name>[A-Za-z_?!;:]+[+]?|.?)")
_VARIABLE = re.compile(r"""(?<![:\w]):(?:'[\w]+'|"[\w]+"|[A-Za-z_]\w*)""")
_BY_HAND = "Review it by hand, or write the SQL out in this file."

_UNREAD = {
    **dict.fromkeys(("i", "ir", "include", "include_relative"), "includes another file, which is not read"),
    **dict.fromkeys(("c", "connect"), "goes on in another database or as another user"),
    **dict.fromkeys(("if", "elif", "else", "endif"), "runs or leaves out what stands here; read as if it all ran"),
    "gexec": "runs what the query answers, and no database was asked",
    "copy": "loads or writes rows on the client; it is not read",
    "!": "runs a program; what that does is not read",
}
_TAKE_THE_LINE = frozenset({"copy", "!"})


@dataclass(frozen=True, slots=True)
class Cut:
    """The stretches of a text that reach the server as SQL, and what could not be told of the rest."""

    parts: tuple[tuple[int, int], ...]
    problems: tuple[Problem, ...] = ()


def without_rows(source: Source, start: int, end: int) -> Cut:
    """For tools that know COPY rows and no meta-commands."""
    return _cut(source, start, end, is_psql=False)


def as_psql(source: Source, start: int, end: int) -> Cut:
    """For scripts that psql runs."""
    return _cut(source, start, end, is_psql=True)


def _cut(source: Source, start: int, end: int, *, is_psql: bool) -> Cut:
    text = source.text[:end]
    if not (is_psql and ("\\" in text or ":" in text)) and "stdin" not in text.lower():
        return Cut(((start, end),))
    parts: list[tuple[int, int]] = []
    problems: list[Problem] = []
    at = start
    while at < end:
        stop, after = next(_stops(text, at, is_psql=is_psql), (end, end))
        parts.append((at, stop))
        at = after
        if text[stop : stop + 1] == "\\":
            name = _name_of(text, stop)
            if name in _UNREAD:
                line = text.count("\n", 0, stop) + 1
                problems.append(Problem(source.path, line, f"\\{name} {_UNREAD[name]}", _BY_HAND))
            if name in {"q", "quit"}:
                break
    variables = _variables(source, parts) if is_psql else ()
    return Cut(tuple(part for part in parts if part[0] < part[1]), (*problems, *variables))


def _stops(text: str, at: int, *, is_psql: bool) -> Iterator[tuple[int, int]]:
    """Where SQL ends for a while, and where it goes on."""
    words: list[str] = []
    for kind, start, end in tokens(text, at):
        if is_psql and kind == "other" and text[start] == "\\":
            yield start, _after_command(text, start)
        elif kind == "end":
            if words[:1] == ["COPY"] and ("FROM", "STDIN") in pairwise(words):
                yield end, _after_rows(text, end)
            words = []
        elif kind == "word":
            words.append(text[start:end].upper())


def _after_command(text: str, start: int) -> int:
    line = _LINE_END.search(text, start)
    stop = line.start() if line else len(text)
    if _name_of(text, start) in _TAKE_THE_LINE:
        return stop
    separator = text.find("\\\\", start + 1, stop)
    return stop if separator < 0 else separator + 2


def _after_rows(text: str, start: int) -> int:
    line = _LINE_END.search(text, start)
    rows_end = _END_OF_ROWS.search(text, line.end() if line else start)
    return rows_end.end() if rows_end else len(text)


def _name_of(text: str, start: int) -> str:
    match = _NAME.match(text, start)
    return match["name"] if match else ""


def _variables(source: Source, parts: list[tuple[int, int]]) -> Iterator[Problem]:
    for start, end in parts:
        code = _code_only(source.text, start, end)
        for match in _VARIABLE.finditer(code):
            line = source.text.count("\n", 0, start + match.start()) + 1
            yield Problem(source.path, line, f"the variable {match[0]} has a value that only psql knows", _BY_HAND)


def _code_only(text: str, start: int, end: int) -> str:
    """The stretch with comments, quoted text and what stands in square brackets blanked out; offsets stay."""
    code = [" "] * (end - start)
    depth = 0
    for kind, first, last in tokens(text[:end], start):
        depth += (kind == "open" and text[first] == "[") - (kind == "close" and text[first] == "]")
        is_name = kind in {"word", "other"} or (kind == "text" and text[first - 1 : first] == ":")
        if is_name and depth <= 0:
            code[first - start : last - start] = text[first:last]
    return "".join(code)
