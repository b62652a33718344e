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
    return tuple(edit for run in _runs(script) for edit in _one_by_one(run, timeouts))


@dataclass(frozen=True, slots=True)
class _Placed:
    """A statement and the fragment that it stands in."""

    fragment: Fragment
    piece: Piece


def _runs(script: Script) -> Iterator[list[_Placed]]:
    """The statements of neighbouring fragments that share a transaction, or have none."""
    run: list[_Placed] = []
    for fragment in script.fragments:
        before = run[-1].fragment if run else fragment
        if fragment.begins_anew or fragment.in_transaction is not before.in_transaction:
            yield run
            run = []
        run += [_Placed(fragment, piece) for piece in outline(fragment.sql)]
    yield run


def _pieces(run: Sequence[_Placed]) -> list[Piece]:
    return [placed.piece for placed in run]


def _in_string(fragment: Fragment, timeouts: Timeouts) -> Iterator[Edit]:
    run = [_Placed(fragment, piece) for piece in outline(fragment.sql)]
    if not is_due(_pieces(run)):
        return
    if _has_several_transactions(run):
        yield from _around(run, timeouts)
    else:
        yield _first(run, timeouts)


def _one_by_one(run: Sequence[_Placed], timeouts: Timeouts) -> Iterator[Edit]:
    if not is_due(_pieces(run)):
        return
    opens = run[0].piece.opens_transaction and not _has_several_transactions(run)
    if run[0].fragment.in_transaction or opens:
        yield _first(run, timeouts)
        return
    for alone, group in groupby(run, key=lambda placed: placed.piece.stands_alone):
        part = list(group)
        if not alone and is_due(_pieces(part)):
            yield from _around(part, timeouts)


def _has_several_transactions(run: Sequence[_Placed]) -> bool:
    return any(placed.piece.ends_transaction for placed in run[:-1])


def _first(run: Sequence[_Placed], timeouts: Timeouts) -> Edit:
    return _before(next(placed for placed in run if not placed.piece.opens_transaction), timeouts.local())


def _around(run: Sequence[_Placed], timeouts: Timeouts) -> Iterator[Edit]:
    yield _before(run[0], timeouts.session())
    yield _after(run[-1], timeouts.reset())


def _before(placed: _Placed, statements: Sequence[str]) -> Edit:
    fragment = placed.fragment
    text, at = fragment.source.text, fragment.in_file(placed.piece.start)
    line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    indent = text[line_start:at] if text[line_start:at].isspace() else ""
    end = line_end(text)
    return Edit(fragment.source.path, at, at, "".join(f"{statement};{end}{indent}" for statement in statements))


def _after(placed: _Placed, statements: Sequence[str]) -> Edit:
    fragment, piece = placed.fragment, placed.piece
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
