"""Lints histories that know nothing of one another side by side, where there are processors for it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from time import perf_counter

from gatekeeper.forked import processors, side_by_side
from migrations_lint.api import lint_history, with_baseline
from migrations_lint.code import Code
from migrations_lint.history import History
from migrations_lint.model import Report
from migrations_lint.settings import LintSettings
from migrations_lint.shares import for_reporters, joined, shares


def lint_apart(history: History, settings: LintSettings, code: Code | None = None) -> Report:
    """The same report as `lint_history`, its statements with no more facts than reporters ask for.

    One process does it all where a snapshot of production is given, which all histories change together, and where a
    team has rules of its own: what they read has to be noticed here, see `lint_cache`.
    """
    started = perf_counter()
    parts = (history,) if settings.snapshot or settings.rules else shares(history, processors())
    with _without_collecting():
        if len(parts) == 1:
            return lint_history(history, settings, code)
        tasks = [partial(_linted, part, replace(settings, baseline=""), code) for part in parts]
        report = joined(history, side_by_side(tasks, tuple(_known(history))))
        return with_baseline(replace(report, seconds=perf_counter() - started), settings)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Nearly all that linting makes stays until the end; looking through it again and again takes a tenth of the time.

    What has been made counts as old afterwards, so that it is not looked through at once either.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def _linted(part: History, settings: LintSettings, code: Code | None) -> Report:
    return for_reporters(lint_history(part, settings, code))


def _known(history: History) -> Iterator[object]:
    """What reports hold of the history itself."""
    for migration in history.migrations:
        yield from filter(None, (migration, migration.path, migration.root))
        for _, script in migration.scripts():
            for fragment in script.fragments:
                yield from (fragment, fragment.source, fragment.source.path)
