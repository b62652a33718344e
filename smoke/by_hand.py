"""A run that a person or a CI step starts, whose URL may simply be wrong."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smoke.checks import checks_from
from smoke.errors import UnknownCheck
from smoke.model import Check, SmokeReport, Target
from smoke.probe import answers
from smoke.run import Conduct, Progress, run
from smoke.settings import FIRST_PAGE, SmokeSettings

ARTIFACTS = Path(".gatekeeper/artifacts")


def ask_site(
    settings: SmokeSettings,
    environment: Mapping[str, str],
    *,
    only: Sequence[str] = (),
    artifacts: Path = ARTIFACTS,
    progress: Progress | None = None,
    repeat: int = 1,
    stop_at_first_critical: bool = False,
) -> SmokeReport:
    """Ask the checks of `settings`, or those named by `only`, or just the first page where none is configured.

    Raises TargetUnreachable where nothing answers and no control page tells a wrong URL from a site that is down.
    """
    checks = configured(settings, environment)
    names = [check.name for check in checks]
    for name in only:
        if name not in names:
            raise UnknownCheck(name, names)
    if not settings.control_url:
        answers(settings.url)
    target = Target(settings.url, artifacts, control_url=settings.control_url or None)
    chosen = [check for check in checks if not only or check.name in only]
    conduct = Conduct.of(settings, repeat=repeat, stop_at_first_critical=stop_at_first_critical)
    return run(chosen, target, time.monotonic() + settings.deadline_seconds, progress, conduct)


def configured(settings: SmokeSettings, environment: Mapping[str, str]) -> tuple[Check, ...]:
    """The checks of the settings, or the one for the first page where there are none."""
    return checks_from(replace(settings, check=settings.check or (FIRST_PAGE,)), environment)
