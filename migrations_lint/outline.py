"""Cuts SQL into statements by its tokens alone, so that a script which no grammar accepts still has an outline.

The parser is the authority on what a statement does; the outline only says where statements begin and end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n\r]*)
    | (?P<opening>/\*)
    | (?P<text>[eE]'(?:[^'\\]++|\\.|'')*+(?:'|\Z) | '(?:[^']++|'')*+(?:'|\Z) | "(?:[^"]++|"")*+(?:"|\Z))
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$)
    | (?P<word>\w[\w$]*)
    | (?P<end>;)
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<space>\s+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")

_SCHEMA_WORDS = frozenset(
    {"ALTER", "CLUSTER", "COMMENT", "CREATE", "DO", "DROP", "LOCK", "REFRESH", "REINDEX", "TRUNCATE", "VACUUM"}
)
_MAY_BE_CONCURRENT = frozenset({"ALTER", "CREATE", "DROP", "REINDEX"})
_LEADING_WORDS = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement: `start` and `end` are character offsets without its semicolon, whose own is `semicolon`.

    `words` are its first bare words in upper case, those in parentheses left out.
    """

    sql: str
    start: int
    end: int
    words: tuple[str, ...]
    semicolon: int | None = None

    @property
    def changes_schema(self) -> bool:
        """Whether it can wait for the lock of a whole table; a DO block may, for all we know."""
        return self.words[:1] != () and self.words[0] in _SCHEMA_WORDS

    @property
    def is_concurrent(self) -> bool:
        """CREATE INDEX CONCURRENTLY and its kin, which wait without making others wait."""
        return self.changes_schema and self.words[0] in _MAY_BE_CONCURRENT and "CONCURRENTLY" in self.words

    @property
    def stands_alone(self) -> bool:
        """Whether PostgreSQL refuses it inside a transaction block."""
        return self.is_concurrent or self.words[:1] == ("VACUUM",) or self.words[1:2] in {("DATABASE",), ("SYSTEM",)}

    @property
    def opens_transaction(self) -> bool:
        """BEGIN or START TRANSACTION."""
        return self.words[:1] == ("BEGIN",) or self.words[:2] == ("START", "TRANSACTION")

    @property
    def ends_transaction(self) -> bool:
        """COMMIT, ROLLBACK and their other spellings; not ROLLBACK TO a savepoint."""
        return self.words[:1] in {("COMMIT",), ("END",), ("ABORT",)} or (
            self.words[:1] == ("ROLLBACK",) and "TO" not in self.words
        )

    @property
    def works_beside_traffic(self) -> bool:
        """What may go on for long without making others wait: concurrent builds, VALIDATE CONSTRAINT, ANALYZE."""
        if self.words[:1] == ("REFRESH",):
            return "CONCURRENTLY" in self.words
        validates = self.words[:1] == ("ALTER",) and "VALIDATE" in self.words
        return self.stands_alone or validates or self.words[:1] == ("ANALYZE",)

    @property
    def sets_lock_timeout(self) -> bool:
        """SET lock_timeout, or a call of set_config for it."""
        return self.sets("LOCK_TIMEOUT") and self.words[:1] != ("RESET",)

    def sets(self, parameter: str) -> bool:
        """SET or RESET of a run-time parameter, named in upper case, or a call of set_config for it."""
        if self.words[:1] in {("SET",), ("RESET",)}:
            return parameter in self.words[1:3]
        return "SET_CONFIG" in self.words and f"'{parameter.lower()}'" in self.sql


@lru_cache(maxsize=64)  # the same few scripts are asked about again and again while one migration is looked at
def outline(sql: str) -> tuple[Piece, ...]:
    """The statements of a script in order; any text has an outline, and an empty one has none."""
    return tuple(_pieces(sql))


def has_statements(sql: str, at_least: int = 1) -> bool:
    """Whether a script has so many statements; comments alone are none. Reads no further than it must."""
    return len(tuple(islice(_pieces(sql), at_least))) == at_least


def _pieces(sql: str) -> Iterator[Piece]:
    draft = _Draft()
    for kind, start, end in tokens(sql):
        if kind == "end" and draft.is_complete:
            if draft.start is not None:
                yield draft.piece(sql, semicolon=start)
            draft = _Draft()
        else:
            draft.take(kind, sql, start, end)
    if draft.start is not None:
        yield draft.piece(sql)


@dataclass(slots=True)
class _Draft:
    start: int | None = None
    end: int = 0
    depth: int = 0
    body: int = 0  # inside BEGIN ATOMIC … END, whose statements end in semicolons of their own
    words: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return self.depth == 0 and self.body == 0

    def take(self, kind: str, sql: str, start: int, end: int) -> None:
        if self.start is None:
            self.start = start
        self.end = end
        if kind == "open":
            self.depth += 1
        elif kind == "close":
            self.depth = max(self.depth - 1, 0)
        elif kind == "word":
            self._word(sql[start:end].upper())

    def _word(self, word: str) -> None:
        if word == "ATOMIC" and self.words[-1:] == ["BEGIN"] and self.words[0] == "CREATE":
            self.body = 1
        elif self.body and word == "CASE":
            self.body += 1
        elif self.body and word == "END":
            self.body -= 1
        if self.depth == 0:
            self.words.append(word)

    def piece(self, sql: str, semicolon: int | None = None) -> Piece:
        assert self.start is not None
        words = tuple(self.words[:_LEADING_WORDS])
        return Piece(sql[self.start : self.end], self.start, self.end, words, semicolon)


def tokens(sql: str, at: int = 0) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of every token from an offset on that is neither space nor comment.

    Kinds are text (in quotes), dollar (dollar-quoted), word, end (a semicolon), open, close (brackets) and other.
    """
    while match := _TOKEN.match(sql, at):
        kind, at = str(match.lastgroup if match.lastgroup != "tag" else "dollar"), match.end()
        if kind == "opening":
            at = _end_of_comment(sql, at)
        elif kind == "dollar":
            closing = sql.find(match["dollar"], at)
            at = len(sql) if closing < 0 else closing + len(match["dollar"])
            yield kind, match.start(), at
        elif kind not in {"space", "comment"}:
            yield kind, match.start(), at


def _end_of_comment(sql: str, at: int) -> int:
    """Block comments nest in PostgreSQL."""
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, at)):
        depth += 1 if edge.group() == "/*" else -1
        at = edge.end()
    return len(sql) if depth else at
