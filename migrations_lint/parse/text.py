"""A statement's text, changed at its tokens: what is not named stays as it was written, comments included."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from migrations_lint.parse.libpg import Token, tokens

_DEEPER, _SHALLOWER = frozenset({"(", "["}), frozenset({")", "]"})


@dataclass(frozen=True)
class SqlText:
    """The text of one statement. `sql` is None once a change found no place; further changes leave it so.

    Words are compared without regard to case, and inserted in the case of the word beside them.
    """

    sql: str | None

    def insert_after(self, words: str, text: str) -> "SqlText":
        """Put `text` behind the first place where these words stand outside of parentheses."""
        found = self._find(words)
        return (
            SqlText(None)
            if found is None
            else self._replaced(found[-1].end, found[-1].end, _like(found[-1].text, text))
        )

    def append(self, text: str) -> "SqlText":
        """Put `text` behind the last token; a comment at the end stays behind it."""
        if not self._tokens:
            return SqlText(None)
        return self._replaced(self._tokens[-1].end, self._tokens[-1].end, _like(self._tokens[0].text, text))

    def without(self, words: str, *, group: bool = False) -> "SqlText":
        """Take these words out, with the parenthesised group behind them if asked for."""
        found = self._find(words)
        if found is None:
            return SqlText(None)
        at = self._tokens.index(found[-1])
        end = self._group_end(at + 1) if group else found[-1].end
        return SqlText(None) if end is None else self._replaced(self._space_before(found[0].start), end, "")

    def cut_at(self, words: str) -> "SqlText":
        """What stands before the first place of these words."""
        found = self._find(words)
        return SqlText(None) if found is None or self.sql is None else SqlText(self.sql[: found[0].start].rstrip())

    def behind(self, words: str) -> "SqlText":
        """What stands behind the first place of these words."""
        found = self._find(words)
        return SqlText(None) if found is None or self.sql is None else SqlText(self.sql[found[-1].end :].strip())

    def behind_name_after(self, words: str) -> "SqlText":
        """What stands behind the name, with or without a schema, that follows these words; its space included."""
        found = self._find(words)
        if found is None or self.sql is None:
            return SqlText(None)
        at = self._tokens.index(found[-1]) + 1
        while at + 2 < len(self._tokens) and self._tokens[at + 1].text == ".":
            at += 2
        return SqlText(self.sql[self._tokens[at].end :]) if at < len(self._tokens) else SqlText(None)

    def replaced(self, words: str, text: str) -> "SqlText":
        """Other words in the place of these, in their case."""
        found = self._find(words)
        if found is None:
            return SqlText(None)
        return self._replaced(found[0].start, found[-1].end, text.upper() if found[0].text.isupper() else text)

    def group_after(self, words: str) -> str | None:
        """The parenthesised group behind these words, with its parentheses."""
        found = self._find(words)
        if found is None or self.sql is None:
            return None
        at = self._tokens.index(found[-1]) + 1
        end = self._group_end(at)
        return None if end is None else self.sql[self._tokens[at].start : end]

    def on_one_line(self) -> str | None:
        """The text without its comments and line ends; None where a change found no place in it."""
        if self.sql is None or not self._tokens:
            return None
        gaps = (" " if after.start > before.end else "" for before, after in pairwise(self._tokens))
        return "".join(part for token, gap in zip(self._tokens, [*gaps, ""], strict=True) for part in (token.text, gap))

    def has(self, words: str) -> bool:
        """Whether these words stand outside of parentheses."""
        return self._find(words) is not None

    def commands(self) -> tuple["SqlText", ...]:
        """The parts between the commas outside of parentheses: the sub-commands of ALTER TABLE."""
        commas = [token.start for token in self._outside if token.text == ","]
        sql = self.sql or ""
        edges = [-1, *commas, len(sql)]
        return tuple(SqlText(sql[a + 1 : b]) for a, b in pairwise(edges))

    def words(self) -> tuple[str, ...]:
        """The tokens outside of parentheses, in upper case."""
        return tuple(token.text.upper() for token in self._outside)

    @cached_property
    def _tokens(self) -> tuple[Token, ...]:
        return tokens(self.sql) if self.sql is not None else ()

    @cached_property
    def _outside(self) -> tuple[Token, ...]:
        return tuple(token for token, depth in self._deep() if depth == 0)

    def _deep(self) -> Iterator[tuple[Token, int]]:
        depth = 0
        for token in self._tokens:
            depth -= token.text in _SHALLOWER
            yield token, depth
            depth += token.text in _DEEPER

    def _find(self, words: str) -> Sequence[Token] | None:
        wanted = words.upper().split()
        outside = self._outside
        for at in range(len(outside) - len(wanted) + 1):
            found = outside[at : at + len(wanted)]
            if [token.text.upper() for token in found] == wanted:
                return found
        return None

    def _group_end(self, at: int) -> int | None:
        """Where the group that opens at token number `at` ends."""
        depth = 0
        for token in self._tokens[at:]:
            depth += (token.text in _DEEPER) - (token.text in _SHALLOWER)
            if depth == 0:
                return token.end if token.text in _SHALLOWER else None
        return None

    def _space_before(self, at: int) -> int:
        sql = self.sql or ""
        while at > 0 and sql[at - 1] in " \t":
            at -= 1
        return at

    def _replaced(self, start: int, end: int, text: str) -> "SqlText":
        return SqlText(None if self.sql is None else self.sql[:start] + text + self.sql[end:])


def _like(beside: str, text: str) -> str:
    """The text in the case of a neighbour, as far as it is made of words alone."""
    return text.lower() if beside.islower() and text.replace(" ", "").isalpha() else text
