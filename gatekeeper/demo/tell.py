"""The story that `gatekeeper demo` tells: its chapters in order, each of which does the real thing on the clinic."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from pathlib import Path

from gatekeeper.demo.chapter import Chapter, Told
from gatekeeper.demo.prove import losing_rollback, safe_migration, unsafe_migration
from gatekeeper.demo.release import Releases
from smoke.chromium import executable

Listen = Callable[[str], None]
"""Hears what is being done, to show it."""


def chapters(
    folder: Path, environment: Mapping[str, str], listen: Listen
) -> Generator[tuple[str, Callable[[], Chapter]]]:
    """The chapters in order: a title to announce, and the work that tells it. `folder` keeps what they leave.

    The clinic runs from the fourth chapter on, and is stopped when the iterator is closed. Raises BrowserMissing at
    the start, rather than in the middle of the story.
    """
    executable(environment)
    with ExitStack() as running:
        releases = Releases(folder / "clinic", running, listen)
        tells: tuple[tuple[str, Callable[[], Told]], ...] = (
            ("A developer's migration would block the clinic", lambda: unsafe_migration(folder)),
            ("The same change, in three steps that block nobody", lambda: safe_migration(folder)),
            ("A rollback script that looks right, and loses every phone number", lambda: losing_rollback(folder)),
            ("Version v2 is checked, approved, and released while the clinic is open", releases.good),
            ("A version that nobody can log in to is rolled back by itself", releases.bad),
        )
        for title, tell in tells:
            yield title, lambda title=title, tell=tell: _timed(title, tell)  # type: ignore[misc]


def _timed(title: str, tell: Callable[[], Told]) -> Chapter:
    started = time.monotonic()
    told = tell()
    return Chapter(title, told.lines, told.again, time.monotonic() - started)
