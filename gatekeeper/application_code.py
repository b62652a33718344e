"""Reads the application's own code for the linter: what git tracks, bounded in size, and only where a name is in it."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath

from migrations_lint.code import Wanted
from migrations_lint.model import CodeFile

LARGEST_FILE = 1024 * 1024
LARGEST_SUM = 64 * 1024 * 1024

_LANGUAGES = frozenset(
    {
        *(".cjs", ".cs", ".cts", ".erb", ".ex", ".exs", ".go", ".java", ".js", ".jsx", ".kt", ".kts", ".mjs", ".mts"),
        *(".php", ".prisma", ".py", ".rb", ".rs", ".scala", ".sql", ".svelte", ".swift", ".ts", ".tsx", ".vue"),
    }
)
_NOT_OURS = frozenset({"node_modules", "vendor", "third_party", "site-packages", "dist", "build", "target"})
_NOT_RUNNING = re.compile(
    r"(?:^|/)(?:tests?|__tests__|testing|specs?|e2e|fixtures|__mocks__|migrations?|alembic)/"
    r"|(?:^|/)(?:test_[^/]*|conftest)\.py$|[._](?:test|spec|stories)\.[a-z]+$|_test\.(?:go|py|rb|exs)$|\.min\.js$|\.d\.ts$"
)


def application_code(
    root: Path, names: Collection[str], histories: Collection[Path], wanted: Wanted
) -> Iterator[CodeFile]:
    """The files below `root` that may name what goes.

    `names` are what git tracks; `histories` the folders of the migrations, which are no code that runs. Binary files,
    files over LARGEST_FILE bytes, and whatever is over LARGEST_SUM bytes in all are left out.
    """
    left = LARGEST_SUM
    for name in names:
        path = root / name
        if is_code(PurePath(name)) and not any(path.is_relative_to(folder) for folder in histories):
            data = _data(path, left)
            left -= len(data)
            yield from _wanted(name, data, wanted)


def released_code(
    now: Collection[CodeFile], before: Mapping[str, bytes], root: Path, histories: Collection[Path], wanted: Wanted
) -> Iterator[CodeFile]:
    """The same files as they were released; `before` is what those that have changed since held then."""
    yield from (file for file in now if file.path.as_posix() not in before)
    for name, data in before.items():
        is_history = any((root / name).is_relative_to(folder) for folder in histories)
        if is_code(PurePath(name)) and not is_history and len(data) <= LARGEST_FILE:
            yield from _wanted(name, data, wanted)


def _wanted(name: str, data: bytes, wanted: Wanted) -> Iterator[CodeFile]:
    text = "" if b"\0" in data[:8192] else data.decode("utf-8", errors="replace")
    if wanted.is_worth_reading(text):
        yield CodeFile(PurePath(name), text)


def is_code(path: PurePath) -> bool:
    """Whether a file is one that the running application may be made of, by its name."""
    if path.suffix not in _LANGUAGES or not _NOT_OURS.isdisjoint(path.parts[:-1]):
        return False
    return _NOT_RUNNING.search(path.as_posix()) is None


def _data(path: Path, at_most: int) -> bytes:
    try:
        if path.is_symlink() or path.stat().st_size > min(LARGEST_FILE, at_most):
            return b""
        return path.read_bytes()
    except OSError:  # deleted since git listed it
        return b""
