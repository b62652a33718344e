"""ALTER TABLE as text: its head, and the sub-commands, each of which can be changed without the others."""

from dataclasses import dataclass
from itertools import pairwise

from migrations_lint.parse.libpg import tokens
from migrations_lint.parse.text import SqlText

_BEFORE_THE_NAME = frozenset({"ALTER", "TABLE", "IF", "EXISTS", "ONLY"})


@dataclass(frozen=True, slots=True)
class AlterTable:
    """`head` is `ALTER TABLE [IF EXISTS] [ONLY] name` and `table` the name in it, as the script spells them."""

    head: str
    table: str
    commands: tuple[SqlText, ...]

    def with_command(self, at: int, command: SqlText) -> SqlText:
        """The statement with another sub-command in the place of number `at`."""
        if command.sql is None:
            return command
        changed = [*self.commands[:at], command, *self.commands[at + 1 :]]
        return SqlText(self.head + ",".join(each.sql or "" for each in changed))

    def companion(self, command: str) -> str:
        """A further statement on the same table."""
        return f"{self.head} {command}"

    def adds(self, name: str, kinds: tuple[str, ...]) -> int | None:
        """The number of the sub-command that adds the constraint; by its name, or as the only one of its kind."""
        adding = [at for at, each in enumerate(self.commands) if each.words()[:1] == ("ADD",)]
        named = [at for at in adding if unquoted_after(self.commands[at], "CONSTRAINT") == name]
        bare = [
            at
            for at in adding
            if any(self.commands[at].words()[1 : 1 + len(k.split())] == tuple(k.split()) for k in kinds)
        ]
        found = named or bare
        return found[0] if len(found) == 1 else None


def unquoted_after(text: SqlText, word: str) -> str | None:
    """The name behind a word outside of parentheses, as the catalog stores it."""
    names = tokens(text.sql or "")
    for before, token in pairwise(names):
        if before.text.upper() == word:
            return unquoted(token.text)
    return None


def unquoted(name: str) -> str:
    """An identifier as the catalog stores it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def alter_table(sql: str) -> AlterTable | None:
    """The parts of an ALTER TABLE; None for anything else."""
    found = tokens(sql)
    at = 0
    while at < len(found) and found[at].text.upper() in _BEFORE_THE_NAME:
        at += 1
    if at < 2 or at >= len(found) or [token.text.upper() for token in found[:2]] != ["ALTER", "TABLE"]:
        return None
    first = found[at]
    while at + 2 < len(found) and found[at + 1].text == ".":
        at += 2
    last = at
    if at + 1 < len(found) and found[at + 1].text == "*":
        last = at + 1
    rest = SqlText(sql[found[last].end :])
    return AlterTable(sql[: found[last].end], sql[first.start : found[at].end], rest.commands())
