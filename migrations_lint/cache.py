"""Answers kept for the next run: which question one belongs to, and what it rests on. It only decides.

An answer holds as long as every file that was read for it and every folder that was listed is as it was. A file that
is older or younger than it was, as after a fresh checkout, is the same where its content is.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

VERSION = 1


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as it was read; `changed` is its modification time in nanoseconds, `digest` that of its content."""

    size: int
    changed: int
    digest: str


ABSENT = FileSeen(-1, 0, "")  # it was looked for, and could not be read


@dataclass(frozen=True, slots=True)
class Answer:
    """What the command printed and returned, and the files and folders (by digest of their names) that it looked at."""

    text: str
    exit_code: int
    files: Mapping[str, FileSeen]
    folders: Mapping[str, str]


def key_of(*words: str) -> str:
    """The name of a question: all that was said to the command, and the tool that is to answer."""
    return hashlib.sha256("\0".join(words).encode("utf-8", errors="surrogateescape")).hexdigest()[:32]


def digest_of(content: bytes) -> str:
    """What tells one content from another."""
    return hashlib.sha256(content).hexdigest()


def digest_of_names(names: list[str]) -> str:
    """What tells one folder's list of names from another, in whatever order the system gave it."""
    return digest_of("\0".join(sorted(names)).encode("utf-8", errors="surrogateescape"))


def is_same(seen: FileSeen, size: int, changed: int, digest: Callable[[], str]) -> bool:
    """Whether a file is as it was; its content is only asked for where size and time leave it open."""
    if size != seen.size:
        return False
    return changed == seen.changed or digest() == seen.digest


def as_json(answer: Answer) -> str:
    """One JSON object."""
    return json.dumps({"version": VERSION, **asdict(answer)}, ensure_ascii=False)


def from_json(text: str) -> Answer | None:
    """The answer in a file, or None for a file that is cut short or of another version."""
    try:
        read = json.loads(text)
        if read["version"] != VERSION:
            return None
        files = {path: FileSeen(**seen) for path, seen in read["files"].items()}
        return Answer(read["text"], read["exit_code"], files, read["folders"])
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
