"""The files of a history on disk: found below a folder, sorted as people count, read exactly as they are."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.model import Fragment, Script, Source
from migrations_lint.outline import has_statements

BYTE_ORDER_MARK = "\ufeff"

_NOT_OURS = frozenset({"node_modules", "site-packages", "__pycache__", "venv"})
_OTHER_DATABASES = frozenset({"cockroachdb", "mariadb", "mssql", "mysql", "oracle", "sqlite", "sqlite3", "sqlserver"})
_NUMBER = re.compile(r"(\d+)")
_UNSAVED: ContextVar[Mapping[Path, str]] = ContextVar("unsaved", default={})  # noqa: B039  nobody writes to it


@contextmanager
def unsaved(texts: Mapping[Path, str]) -> Iterator[None]:
    """While this lasts, these texts stand in for the files on disk: what is about to be written, or is being edited."""
    token = _UNSAVED.set({**_UNSAVED.get(), **texts})
    try:
        yield
    finally:
        _UNSAVED.reset(token)


def is_file(path: Path) -> bool:
    """Whether there is such a file, or a text that stands in for it."""
    return path in _UNSAVED.get() or path.is_file()


def read_text(path: Path) -> str:
    """The whole text, line ends and byte order mark kept; raises UnreadableMigration where it is no UTF-8 text."""
    if path in _UNSAVED.get():
        return _UNSAVED.get()[path]
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UnreadableMigration(
            path, error.strerror or str(error), hint="Check that the file exists and may be read."
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableMigration(
            path, f"byte {error.start} is not UTF-8", hint="Save the file as UTF-8 and run the same command again."
        ) from error
    if "\0" in text:
        raise UnreadableMigration(
            path,
            "holds a NUL character, which PostgreSQL does not accept",
            hint="Save the file as UTF-8 text; UTF-16 looks like this.",
            line=text.count("\n", 0, text.index("\0")) + 1,
        )
    return text


def sql_script(path: Path, text: str, *, in_transaction: bool) -> Script:
    """A file of plain SQL as a script; a file without a statement does nothing, whatever its comments say."""
    start = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
    return part_script(Source(path, text), start, len(text), in_transaction=in_transaction)


def part_script(source: Source, start: int, end: int, *, in_transaction: bool) -> Script:
    """The part of a file that is one way; one without a statement does nothing."""
    sql = source.text[start:end]
    if not has_statements(sql):
        return Script(())
    return Script((Fragment(sql, source, start, end, in_transaction=in_transaction),))


def folders_below(folder: Path) -> Iterator[Path]:
    """`folder` and what lies in it, outermost first.

    Hidden folders and installed packages are passed over, and so are folders that are named after another
    database: they are the twin of a history for PostgreSQL. One that is asked for by name is taken.
    """
    yield folder
    for below in sorted(_folders_in(folder), key=natural_key):
        if not below.name.startswith(".") and below.name not in _NOT_OURS | _OTHER_DATABASES:
            yield from folders_below(below)


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sorts `9_x` before `10_x`, which is how tools that number their migrations run them."""
    parts = _NUMBER.split(path.name)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def _folders_in(folder: Path) -> Iterator[Path]:
    try:
        yield from (entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
    except OSError:  # a folder that we may not look into holds no history for us
        return
