"""The files of a history on disk: found below a folder, sorted as people count, read exactly as they are."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.model import Fragment, Script, Source
from migrations_lint.outline import has_statements

BYTE_ORDER_MARK = "\ufeff"
MOST_BYTES = 20_000_000

_NOT_OURS = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "target"})
_OTHER_DATABASES = frozenset(
    {
        *("clickhouse", "cockroach", "cockroachdb", "db2", "derby", "h2", "hsqldb", "mariadb", "mssql", "mysql"),
        *("oracle", "snowflake", "sqlite", "sqlite3", "sqlserver"),
    }
)
_OTHER_MANIFESTS = frozenset({"go.mod", "package.json", "pyproject.toml", "pom.xml"})
_SAMPLED = 3
_BEGINNING = 64 * 1024
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
    """The whole text, line ends and byte order mark kept.

    Raises UnreadableMigration where it is no UTF-8 text, or so long that it holds rows rather than a migration.
    """
    if path in _UNSAVED.get():
        return _UNSAVED.get()[path]
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UnreadableMigration(
                path,
                f"has {size // 1_000_000} MB, and files beyond {MOST_BYTES // 1_000_000} MB are not read",
                hint="Load rows apart from the schema; what this file changes is not known to what comes after it.",
            )
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
            line=line_of(text, text.index("\0")),
        )
    return text


def sql_script(path: Path, text: str, *, in_transaction: bool) -> Script:
    """A file of plain SQL as a script; a file without a statement does nothing, whatever its comments say."""
    return part_script(Source(path, text), begin_of(text), len(text), in_transaction=in_transaction)


def part_script(source: Source, start: int, end: int, *, in_transaction: bool, begins_anew: bool = False) -> Script:
    """The part of a file that is one way; one without a statement does nothing."""
    sql = source.text[start:end]
    if not has_statements(sql):
        return Script(())
    return Script((Fragment(sql, source, start, end, in_transaction=in_transaction, begins_anew=begins_anew),))


def string_script(source: Source, start: int, end: int, *, in_transaction: bool) -> Script:
    """The part of a file that its tool sends as one string, which PostgreSQL makes a transaction of its own.

    That is so for several statements in one simple query (PostgreSQL 18, 54.2.2.1); a lone statement is in one only
    where the tool has opened one.
    """
    wrapped = in_transaction or has_statements(source.text[start:end], 2)
    return part_script(source, start, end, in_transaction=wrapped, begins_anew=True)


def joined(scripts: Iterable[Script]) -> Script:
    """Scripts that one way runs one after the other."""
    return Script(tuple(fragment for script in scripts for fragment in script.fragments))


def begin_of(text: str) -> int:
    """Where a text begins behind its byte order mark."""
    return len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0


def line_of(text: str, offset: int) -> int:
    """The line of an offset, from 1."""
    return text.count("\n", 0, offset) + 1


def sample(paths: Iterable[Path]) -> Iterator[str]:
    """The beginnings of some of the files, to tell whose they are; files that cannot be read have none."""
    known = sorted(paths, key=natural_key)
    for path in dict.fromkeys([*known[:_SAMPLED], *known[-_SAMPLED:]]):
        try:
            with path.open("rb") as file:
                yield file.read(_BEGINNING).decode("utf-8", errors="replace")
        except OSError:
            continue


def manifest_above(folder: Path, name: str, instead: Collection[str] = ()) -> Path | None:
    """The nearest file of a name in a folder or above it, up to the repository's own folder.

    Where a file named in `instead` is nearer, the folder belongs to another project and there is none.
    """
    for above in (folder.absolute(), *folder.absolute().parents):
        if (above / name).is_file():
            return above / name
        if (above / ".git").exists() or any((above / other).is_file() for other in instead):
            return None
    return None


def uses_crate(folder: Path, crate: str) -> bool:
    """Whether the Rust project that a folder belongs to names a crate in its manifest."""
    manifest = manifest_above(folder, "Cargo.toml", _OTHER_MANIFESTS)
    if manifest is None:
        return False
    return any(re.search(rf"(?m)^\s*(?:\[.*dependencies\.)?{crate}\b", text) for text in sample([manifest]))


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
