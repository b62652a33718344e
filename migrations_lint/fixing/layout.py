"""Which transaction each statement of a script runs in, for telling whether a change keeps what it must keep."""

from collections.abc import Iterator
from dataclasses import dataclass

from migrations_lint.model import Script
from migrations_lint.outline import Piece, outline


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement and the number of its transaction, None where it commits by itself."""

    piece: Piece
    transaction: int | None


def placed(script: Script) -> Iterator[Placed]:
    """Every statement but BEGIN, COMMIT and their like."""
    number, is_open, explicit = 0, False, False
    for fragment in script.fragments:
        if not fragment.in_transaction and not explicit:
            is_open = False
        for piece in outline(fragment.sql):
            if piece.opens_transaction:
                number, is_open, explicit = number + (not is_open), True, True
            elif piece.ends_transaction:
                is_open = explicit = False
            else:
                if fragment.in_transaction and not is_open:
                    number, is_open = number + 1, True
                yield Placed(piece, number if is_open else None)


def sets_timeout(piece: Piece) -> bool:
    """SET, SET LOCAL or RESET of one of the timeouts that go into migrations."""
    names = {"LOCK_TIMEOUT", "STATEMENT_TIMEOUT", "IDLE_IN_TRANSACTION_SESSION_TIMEOUT"}
    return piece.words[:1] in {("SET",), ("RESET",)} and not names.isdisjoint(piece.words[1:3])


def same(one: str, other: str) -> bool:
    """Whether two statements are the same, line ends and space aside."""
    return one.split() == other.split()
