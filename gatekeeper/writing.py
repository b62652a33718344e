"""Writes several files as one step: each is complete on disk under another name before the first takes its place."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
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
