"""A migration as its own tool would run it, and where each piece of its SQL stands in a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

_SAME_FOR_ALL = frozenset({"up.sql", "migration.sql"})


class Direction(Enum):
    """Which way a script takes the schema."""

    UP = "up"
    DOWN = "down"


class Position(NamedTuple):
    """A place in a file; both count from 1, in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file's path and its whole text, exactly as read (line ends kept)."""

    path: Path
    text: str

    def position(self, offset: int) -> Position:
        """The line and column of a character offset."""
        line_start = self.text.rfind("\n", 0, offset) + 1
        return Position(self.text.count("\n", 0, offset) + 1, offset - line_start + 1)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A run of SQL that its tool sends to the server, and the place in the file that it comes from.

    `start` and `end` are character offsets into `source.text`. A verbatim fragment is that very text; any
    other was rendered by the code that stands there (an Alembic operation), so all its statements share the
    place. `in_transaction` says whether the tool itself opens a transaction around the fragment; neighbouring
    fragments that have one share it, except where one `begins_anew`.
    """

    sql: str
    source: Source
    start: int
    end: int
    verbatim: bool = True
    in_transaction: bool = True
    begins_anew: bool = False

    def in_file(self, offset: int) -> int:
        """Where in the file the character at `offset` of `sql` stands."""
        return self.start + offset if self.verbatim else self.start


@dataclass(frozen=True, slots=True)
class Script:
    """One direction of a migration: its fragments in the order in which they run."""

    fragments: tuple[Fragment, ...]

    @property
    def sql(self) -> str:
        """The whole script as text, for people and digests; to run it, go fragment by fragment."""
        return "\n".join(fragment.sql for fragment in self.fragments)

    @property
    def in_transaction(self) -> bool:
        """Whether the tool wraps all of it."""
        return all(fragment.in_transaction for fragment in self.fragments)


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a migration that could not be read, named so that nobody takes silence for safety."""

    path: Path
    line: int
    message: str
    hint: str
    direction: Direction = Direction.UP


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a history. `id` is the tool's own; `down` is None where the tool finds no way back.

    `down_path` is the file that holds the way back, or in which the tool would look for one; None where the tool knows
    no ways back. `parents` are the ids that must have run before it, as far as the tool says so (Alembic, Django); else
    empty. `depends_on` are those of them that it stands on without following them, `branch` is the name that the tool's
    users gave to the line which begins here. `in_one_string`: the tool sends a file as one string, whose transaction is
    PostgreSQL's and not the tool's own.

    The last four are known only once the whole history is: `root` is the folder in which it begins; `other_heads` are
    its further ends where it should have one and this is an end too; `edited_since` is the revision at which the file
    was there with another text; `overtakes` are the migrations that were there then and run after this new one.
    """

    id: str
    tool: str
    path: Path
    up: Script
    down: Script | None
    title: str = ""
    parents: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    down_path: Path | None = None
    depends_on: tuple[str, ...] = ()
    branch: str = ""
    in_one_string: bool = False
    root: Path | None = None
    other_heads: tuple[str, ...] = ()
    edited_since: str | None = None
    overtakes: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """What tells its file from the others: where all have the same name, their folder's."""
        return self.path.parent.name if self.path.name in _SAME_FOR_ALL else self.path.name

    @property
    def in_transaction(self) -> bool:
        """Whether the tool wraps the whole way up in one transaction."""
        return self.up.in_transaction

    def files(self) -> frozenset[Path]:
        """Every file that the migration is made of."""
        sources = {fragment.source.path for _, script in self.scripts() for fragment in script.fragments}
        return frozenset({self.path} | sources | ({self.down_path} if self.down and self.down_path else set()))

    def said(self, message: str, fragment: Fragment, direction: Direction) -> str:
        """The message, with a word in front where it is about the way back of a step that is written only once.

        Django undoes an operation by itself, so that both ways stand at the same place.
        """
        is_shared = direction is Direction.DOWN and any(
            (up.source, up.start) == (fragment.source, fragment.start) for up in self.up.fragments
        )
        return f"undoing this: {message}" if is_shared and not message.startswith("rolling back") else message

    def scripts(self) -> Iterator[tuple[Direction, Script]]:
        """The way up, and the way down where there is one."""
        yield Direction.UP, self.up
        if self.down is not None:
            yield Direction.DOWN, self.down


@dataclass(frozen=True, slots=True)
class Statement:
    """One parsed SQL statement at its place.

    `start` and `end` are character offsets into the fragment's SQL, without the semicolon; `kind` is the
    parser's node name (`index_stmt`) and `node` its tree, which only `facts/` looks into, and which a report does not
    keep. `long_identifiers` are the names in it that PostgreSQL cuts off.
    """

    fragment: Fragment
    sql: str
    start: int
    end: int
    kind: str
    node: Any
    long_identifiers: tuple[str, ...] = ()

    @property
    def begins(self) -> Position:
        """Where the statement begins in the file."""
        return self.fragment.source.position(self.fragment.in_file(self.start))

    @property
    def ends(self) -> Position:
        """Where its last character stands in the file."""
        fragment = self.fragment
        last = fragment.in_file(self.end) if fragment.verbatim else fragment.end
        return fragment.source.position(max(last, 0))


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` to `end` (offsets into the file's text) by `text`."""

    path: Path
    start: int
    end: int
    text: str
