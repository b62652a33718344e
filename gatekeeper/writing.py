"""Several files changed as one step: shown as a patch, or each complete on disk before the first takes its place."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from difflib import unified_diff
from pathlib import Path

from gatekeeper.errors import GatekeeperError

_MODE_OF_NEW_FILES = 0o644


class NotWritten(GatekeeperError):
    """The disk or its permissions said no."""


def replace_files(texts: Mapping[Path, str]) -> None:
    """Write every text as UTF-8 with its line ends as they are; files that exist keep their mode, links stay links."""
    with ExitStack() as leftovers:
        try:
            ready = [(_beside(path.resolve(), text, leftovers), path.resolve()) for path, text in texts.items()]
            for new, path in ready:
                new.replace(path)
        except OSError as error:
            raise NotWritten(
                f"cannot write {error.filename2 or error.filename}",
                seen=[error.strerror or str(error)],
                next_step="Check the permissions and the space on the disk, then run the same command again.",
            ) from error


def patch(path: Path, before: str | None, after: str) -> str:
    """The change of one file as `diff -u` shows it, which `patch` and `git apply` understand; None is no file yet."""
    name = path.as_posix().lstrip("/")
    old, new = ((text or "").splitlines(keepends=True) for text in (before, after))
    lines = unified_diff(old, new, "/dev/null" if before is None else f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _beside(path: Path, text: str, leftovers: ExitStack) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        new = Path(file.name)
        leftovers.callback(new.unlink, missing_ok=True)
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    new.chmod(path.stat().st_mode if path.exists() else _MODE_OF_NEW_FILES)
    return new
