"""Keeps the linter's answers in `.gatekeeper/lint-cache`, and finds out by itself what each of them rests on.

While an answer is made, Python tells of every file it opens, every folder it lists and every program it starts (PEP
578, audit events). A program other than git may have read anything, so such an answer is not kept; of git only the
list of tracked files is asked, which changes with its index.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatekeeper import __version__
from migrations_lint.cache import (
    ABSENT,
    Answer,
    FileSeen,
    as_json,
    digest_of,
    digest_of_names,
    from_json,
    is_same,
    key_of,
)

FOLDER = Path(".gatekeeper/lint-cache")

_KEPT = 50
_LISTED = frozenset({"os.listdir", "os.scandir"})
_PACKAGES = Path(__file__).parent.parent
_OURS = ("gatekeeper", "migrations_lint", "smoke")
_NOT_READ_BY_US = tuple(
    f"{place}{os.sep}"
    for place in (sys.prefix, sys.base_prefix, "/dev", "/etc", "/proc", "/sys", *(_PACKAGES / one for one in _OURS))
)


@dataclass
class Trace:
    """What was looked at; `is_whole` is False where something may have been read that nobody saw."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    is_whole: bool = True
    began: int = field(default_factory=time.time_ns)


_traces: list[Trace] = []
_hooked: list[bool] = []


@contextmanager
def tracing() -> Iterator[Trace]:
    """Notes what is read until the end of the block."""
    if not _hooked:
        sys.addaudithook(_heard)
        _hooked.append(True)
    trace = Trace()
    _traces.append(trace)
    try:
        yield trace
    finally:
        _traces.remove(trace)


def question(words: Sequence[str]) -> str:
    """The name of what is asked: the words, the place, the environment and the linter's own files."""
    environment = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("GATEKEEPER_")]
    return key_of(__version__, sys.version, str(Path.cwd()), _own_files(), *environment, "", *words)


def recalled(key: str) -> Answer | None:
    """The kept answer, if all that it rests on is as it was."""
    try:
        answer = from_json((FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return answer if answer is not None and _holds(answer) else None


def keep(key: str, trace: Trace, text: str, exit_code: int) -> None:
    """Keep an answer; where the disk says no, the next run finds it anew."""
    if not trace.is_whole:
        return
    with suppress(OSError):
        files = {path: _seen(path) for path in sorted(trace.files)}
        if any(seen.changed >= trace.began for seen in files.values()):
            return  # changed while it was read, so that nobody knows what was read
        folders = {path: _names(path) for path in sorted(trace.folders)}
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
        new = FOLDER / f"{key}.{os.getpid()}.new"
        new.write_text(as_json(Answer(text, exit_code, files, folders)), encoding="utf-8")
        new.replace(FOLDER / f"{key}.json")
        for old in sorted(FOLDER.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _traces:
        return
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        writes = arguments[2] & (os.O_WRONLY | os.O_RDWR) if isinstance(arguments[2], int) else False
        path = str(Path(os.fsdecode(arguments[0])).absolute())
        if not writes and not path.startswith(_NOT_READ_BY_US) and "__pycache__" not in path:
            _traces[-1].files.add(path)
    elif event in _LISTED and not isinstance(arguments[0], int):
        path = str(Path(os.fsdecode(arguments[0] or ".")).absolute())
        if not path.startswith(_NOT_READ_BY_US):
            _traces[-1].folders.add(path)
    elif event == "subprocess.Popen":
        _started(arguments[0])


def _started(program: object) -> None:
    if Path(os.fsdecode(program) if isinstance(program, str | bytes | os.PathLike) else "").name != "git":
        _traces[-1].is_whole = False
        return
    here = Path.cwd()
    index = next((folder / ".git/index" for folder in (here, *here.parents) if (folder / ".git/index").is_file()), None)
    if index is not None:
        _traces[-1].files.add(str(index))


def _holds(answer: Answer) -> bool:
    files = all(_is_same(path, seen) for path, seen in answer.files.items())
    return files and all(_names(path) == names for path, names in answer.folders.items())


def _is_same(path: str, seen: FileSeen) -> bool:
    if seen == ABSENT:
        return _seen(path) == ABSENT
    try:
        found = Path(path).stat()
        return is_same(seen, found.st_size, found.st_mtime_ns, lambda: digest_of(Path(path).read_bytes()))
    except OSError:
        return False


def _seen(path: str) -> FileSeen:
    try:
        found = Path(path).stat()
        return FileSeen(found.st_size, found.st_mtime_ns, digest_of(Path(path).read_bytes()))
    except OSError:
        return ABSENT


def _names(path: str) -> str:
    try:
        names = os.listdir(path)  # noqa: PTH208 - asked of thousands of folders
    except OSError:
        return ""
    return digest_of_names([name for name in names if name != FOLDER.parts[0]])


def _own_files() -> str:
    """Size and time of every module and page of ours: whoever works on a rule wants to see what it does now."""
    seen = []
    for package in _OURS:
        for folder, _, names in os.walk(_PACKAGES / package):
            for name in sorted(names):
                if name.endswith((".py", ".md")):
                    found = Path(folder, name).stat()
                    seen.append(f"{name}:{found.st_size}:{found.st_mtime_ns}")
    return digest_of_names(seen)
