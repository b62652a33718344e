"""Where timeouts belong in a script of plain SQL; the edits are applied elsewhere.

Inside a transaction it is `SET LOCAL`, which ends with it; outside, where SET LOCAL has no effect, a `SET` and its
`RESET`. Concurrent builds wait for locks as long as they have to: they make nobody wait, and one that is cut short
leaves an invalid index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from migrations_lint.model import Edit, Fragment, Script
from migrations_lint.outline import Piece, outline

_STATEMENT = "STATEMENT_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The limits as PostgreSQL reads them, such as `2s`; all but the first may be absent.

    `limit` is for each statement that makes others wait, `long` for those that work beside traffic (concurrent builds,
    VALIDATE, ANALYZE): no limit where none is given. `idle` ends a transaction that waits for its own client.
    """

    wait: str
    limit: str | None = None
    idle: str | None = None
    long: str | None = None

    def local(self, *, long: bool = False) -> tuple[str, ...]:
        """The statements at the head of a transaction, whose first statement may be a long one."""
        values = {"lock_timeout": self.wait, **self._limited(long=long), **self._idle()}
        return tuple(f"SET LOCAL {name} = '{value}'" for name, value in values.items())

    def session(self, *, long: bool = False, opens: bool = False) -> tuple[str, ...]:
        """The statements for a connection, on which the script `opens` transactions of its own or not."""
        values = {"lock_timeout": self.wait, **self._limited(long=long), **(self._idle() if opens else {})}
        return tuple(f"SET {name} = '{value}'" for name, value in values.items())

    def reset(self, *, opens: bool = False) -> tuple[str, ...]:
        """The statements that take `session` back."""
        names = ("lock_timeout", *self._limited(long=False), *(self._idle() if opens else ()))
        return tuple(f"RESET {name}" for name in names)

    def switched(self, *, long: bool, local: bool) -> tuple[str, ...]:
        """The statement between a short one and a long one."""
        word = "SET LOCAL" if local else "SET"
        return tuple(f"{word} {name} = '{value}'" for name, value in self._limited(long=long).items())

    def alone(self) -> tuple[str, ...]:
        """The statements before what stands outside of any transaction and makes nobody wait; nothing by default."""
        return self.switched(long=True, local=False)

    def after_alone(self) -> tuple[str, ...]:
        """The statements that take `alone` back."""
        return tuple(f"RESET {name}" for name in self._limited(long=True))

    def _idle(self) -> dict[str, str]:
        return {} if self.idle is None else {"idle_in_transaction_session_timeout": self.idle}

    def _limited(self, *, long: bool) -> dict[str, str]:
        if self.limit is None:
            return {}
        return {"statement_timeout": (self.long or "0") if long else self.limit}


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


def without_timeout(script: Script, timeouts: Timeouts) -> Iterator[tuple[Fragment, Piece]]:
    """The statements that no timeout is in force for although one is due; the first of each transaction."""
    is_limited = False
    for run in _runs(script):
        pieces = _pieces(run)
        if is_due(pieces):
            yield next((p.fragment, p.piece) for p in run if p.piece.changes_schema and not p.piece.stands_alone)
        for placed in run:
            if placed.piece.stands_alone and not is_limited and timeouts.limit is not None:
                yield placed.fragment, placed.piece
            is_limited = sets_in_force([placed.piece], _STATEMENT, before=is_limited)


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
        yield from _within(run, timeouts)


def _one_by_one(run: Sequence[_Placed], timeouts: Timeouts) -> Iterator[Edit]:
    due = is_due(_pieces(run))
    opens = bool(run) and run[0].piece.opens_transaction and not _has_several_transactions(run)
    if run and (run[0].fragment.in_transaction or opens):
        yield from _within(run, timeouts) if due else ()
        return
    is_limited = False
    for alone, group in groupby(run, key=lambda placed: placed.piece.stands_alone):
        part = list(group)
        if alone and not is_limited and timeouts.limit is not None:
            yield _before(part[0], timeouts.alone())
            yield _after(part[-1], timeouts.after_alone())
        elif not alone and due and is_due(_pieces(part)):
            yield from _around(part, timeouts)
        is_limited = sets_in_force(_pieces(part), _STATEMENT, before=is_limited)


def sets_in_force(pieces: Sequence[Piece], parameter: str, *, before: bool) -> bool:
    """Whether a SET of the session is in force behind these statements; it outlives transactions that end well."""
    for piece in pieces:
        if piece.sets(parameter):
            before = piece.words[:1] != ("RESET",) and piece.words[1:2] != ("LOCAL",)
    return before


def _has_several_transactions(run: Sequence[_Placed]) -> bool:
    return any(placed.piece.ends_transaction for placed in run[:-1])


def _within(run: Sequence[_Placed], timeouts: Timeouts) -> Iterator[Edit]:
    """At the head of a transaction, and where a long statement begins or ends in it."""
    body = [placed for placed in run if not placed.piece.opens_transaction]
    yield _before(body[0], timeouts.local(long=body[0].piece.works_beside_traffic))
    yield from _switches(body, timeouts, local=True)


def _around(run: Sequence[_Placed], timeouts: Timeouts) -> Iterator[Edit]:
    opens = any(placed.piece.opens_transaction for placed in run)
    yield _before(run[0], timeouts.session(long=run[0].piece.works_beside_traffic, opens=opens))
    yield from _switches(run, timeouts, local=False)
    yield _after(run[-1], timeouts.reset(opens=opens))


def _switches(run: Sequence[_Placed], timeouts: Timeouts, *, local: bool) -> Iterator[Edit]:
    if timeouts.limit is None or any(placed.piece.sets(_STATEMENT) for placed in run):
        return
    last = run[0]
    for placed in run[1:]:
        is_frame = placed.piece.opens_transaction or placed.piece.ends_transaction
        if not is_frame and placed.piece.works_beside_traffic is not last.piece.works_beside_traffic:
            yield _before(placed, timeouts.switched(long=placed.piece.works_beside_traffic, local=local))
            last = placed


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
