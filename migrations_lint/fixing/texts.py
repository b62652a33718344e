"""What a fix writes, and the texts that it makes of a migration's files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrations_lint.edits import edited
from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import is_file, read_text, unsaved
from migrations_lint.formats import MigrationFormat
from migrations_lint.model import Edit, Fix, Fragment, Migration, Step
from migrations_lint.outline import Piece, outline
from migrations_lint.parse import tokens

# What may be there or not in two spellings of one statement, when a way back is looked for the one that undoes another.
_OPTIONAL = frozenset({"IF", "EXISTS", "CONCURRENTLY", "ONLY", "CASCADE", "RESTRICT", "COLUMN"})


@dataclass(frozen=True, slots=True)
class Written:
    """What a fix writes: edits of files that are there, and files of migrations that follow, in their order."""

    edits: tuple[Edit, ...]
    new: tuple[Mapping[Path, str], ...] = ()


def way_back(migration: Migration, fix: Fix, kept: Sequence[Step], end_of_line: str) -> tuple[Edit, ...]:
    """The statement of the way back that took everything back takes back the steps that are kept, and no more."""
    for fragment in migration.down.fragments if migration.down and fix.undo else ():
        for piece in outline(fragment.sql) if fragment.verbatim else ():
            if _essence(piece.sql) == _essence(fix.undo or ""):
                undos = [step.undo for step in reversed(kept) if step.undo is not None]
                if not undos:
                    return (without(fragment, piece),)
                start, end = fragment.in_file(piece.start), fragment.in_file(piece.end)
                return (Edit(fragment.source.path, start, end, f";{end_of_line}".join(undos)),)
    return ()


def _essence(sql: str) -> list[str]:
    words = [token.text.strip('"').lower() for token in tokens(sql)]
    words = [word for at, word in enumerate(words) if words[at + 1 : at + 2] != ["."] and word != "."]
    return [word for word in words if word.upper() not in _OPTIONAL]


def without(fragment: Fragment, piece: Piece) -> Edit:
    """A statement taken out, with its semicolon, and its line where nothing else stands on it."""
    text = fragment.source.text
    start = fragment.in_file(piece.start)
    end = fragment.in_file(piece.end if piece.semicolon is None else piece.semicolon + 1)
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = text.find("\n", end) + 1 or len(text)
    if not text[line:start].strip() and not text[end:rest].strip():
        start, end = line, rest
    return Edit(fragment.source.path, start, end, "")


def reread(migration: Migration, texts: Mapping[Path, str], plug_in: MigrationFormat) -> Migration:
    """The migration as it is with these texts; the one that was given where its format then refuses it."""
    with unsaved(texts):
        try:
            return plug_in.read(migration.path, read_text(migration.path))
        except UnreadableMigration:
            return migration


def texts_after(migration: Migration, edits: Sequence[Edit]) -> dict[Path, str]:
    """The texts of the files that these edits change, once they are made."""
    paths = dict.fromkeys(edit.path for edit in edits)
    return {path: edited(text_of(migration, path), [e for e in edits if e.path == path]) for path in paths}


def text_of(migration: Migration, path: Path) -> str:
    """A file's text as the migration was read from it; empty where there is no such file yet."""
    for _, script in migration.scripts():
        for fragment in script.fragments:
            if fragment.source.path == path:
                return fragment.source.text
    return read_text(path) if is_file(path) else ""
