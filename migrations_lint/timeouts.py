"""Where `lock_timeout` and `statement_timeout` belong in a script of plain SQL; the edits are applied elsewhere.

Inside a transaction it is `SET LOCAL`, which ends with it; outside, where SET LOCAL has no effect, a `SET` and its
`RESET`. Concurrent builds get neither: they make nobody wait, and one that is cut short leaves an invalid index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from migrations_lint.model import Edit, Fragment, Script
from migrations_lint.outline import Piece, outline


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The two limits as PostgreSQL reads them, such as `2s`; `limit` is for whole statements and may be absent."""

    wait: str
    limit: str | None = None

    def local(self) -> tuple[str, ...]:
        """The statements for a transaction."""
        return tuple(f"SET LOCAL {name} = '{value}'" for name, value in self._values())

    def session(self) -> tuple[str, ...]:
        """The statements for a connection."""
        return tuple(f"SET {name} = '{value}'" for name, value in self._values())

    def reset(self) -> tuple[str, ...]:
        """The statements that take `session` back."""
        return tuple(f"RESET {name}" for name, _ in self._values())

    def _values(self) -> Iterator[tuple[str, str]]:
        yield "lock_timeout", self.wait
        if self.limit is not None:
            yield "statement_timeout", self.limit


def is_due(pieces: Sequence[Piece]) -> bool:
    """Whether something waits for a lock before any lock_timeout is set."""
    for piece in pieces:
        if piece.sets_lock_timeout:
            return False
        if piece.changes_schema and not piece.stands_alone:
            return True
    return False


def in_one_string(script: Script, timeouts: Timeouts) -> tuple[Edit, ...]:
    """For tools that send a file as one string: two statements and more are a transaction.

    A concurrent build stands alone in its file, and a SET beside it would make PostgreSQL refuse both.
    """
    return tuple(edit for fragment in script.fragments for edit in _in_string(fragment, timeouts))


def statement_by_statement(script: Script, timeouts: Timeouts) -> tuple[Edit, ...]:
    """For tools that send one statement after the other, in a transaction of theirs or in none."""
    return tuple(edit for fragment in script.fragments for edit in _one_by_one(fragment, timeouts))


def _in_string(fragment: Fragment, timeouts: Timeouts) -> Iterator[Edit]:
    pieces = outline(fragment.sql)
    if not is_due(pieces):
        return
    if _has_several_transactions(pieces):
        yield from _around(fragment, pieces, timeouts)
    else:
        yield _first(fragment, pieces, timeouts)


def _one_by_one(fragment: Fragment, timeouts: Timeouts) -> Iterator[Edit]:
    pieces = outline(fragment.sql)
    if not is_due(pieces):
        return
    if fragment.in_transaction or (pieces[0].opens_transaction and not _has_several_transactions(pieces)):
        yield _first(fragment, pieces, timeouts)
        return
    for alone, group in groupby(pieces, key=lambda piece: piece.stands_alone):
        run = list(group)
        if not alone and is_due(run):
            yield from _around(fragment, run, timeouts)


def _has_several_transactions(pieces: Sequence[Piece]) -> bool:
    return any(piece.ends_transaction for piece in pieces[:-1])


def _first(fragment: Fragment, pieces: Sequence[Piece], timeouts: Timeouts) -> Edit:
    first = next(piece for piece in pieces if not piece.opens_transaction)
    return _before(fragment, first, timeouts.local())


def _around(fragment: Fragment, run: Sequence[Piece], timeouts: Timeouts) -> Iterator[Edit]:
    yield _before(fragment, run[0], timeouts.session())
    yield _after(fragment, run[-1], timeouts.reset())


def _before(fragment: Fragment, piece: Piece, statements: Sequence[str]) -> Edit:
    text, at = fragment.source.text, fragment.in_file(piece.start)
    line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    indent = text[line_start:at] if text[line_start:at].isspace() else ""
    end = line_end(text)
    return Edit(fragment.source.path, at, at, "".join(f"{statement};{end}{indent}" for statement in statements))


def _after(fragment: Fragment, piece: Piece, statements: Sequence[str]) -> Edit:
    text = fragment.source.text
    lines = "".join(f"{line_end(text)}{statement};" for statement in statements)
    if piece.semicolon is None:
        at = fragment.in_file(piece.end)
        return Edit(fragment.source.path, at, at, ";" + lines)
    at = fragment.in_file(piece.semicolon) + 1
    return Edit(fragment.source.path, at, at, lines)


def line_end(text: str) -> str:
    """The line end that a file uses; an insertion follows it."""
    return "\r\n" if "\r\n" in text else "\n"
