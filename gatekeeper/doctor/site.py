"""The smoke checks, the site that they ask, the browser that some of them need, and the objectives of a bake."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from gatekeeper.config.settings import Settings
from gatekeeper.doctor.examined import Examined, advice, unused, well
from gatekeeper.measures import Window, measure
from smoke.browser import running_version
from smoke.checks import checks_from
from smoke.probe import answers, usable


def checks(settings: Settings) -> Iterator[Examined]:
    """Every check's keys and secrets are there, and something answers at the URL; raises SmokeError."""
    smoke = settings.smoke
    if not smoke.check:
        yield unused(
            "smoke checks", "none is configured", "`gatekeeper release` needs some; `gatekeeper explain health`."
        )
        return
    names = [check.name for check in checks_from(smoke, os.environ)]
    usable(smoke.url)
    answers(smoke.url)
    yield well("smoke checks", f"{', '.join(names)}; something answers at {smoke.url}")
    if not smoke.control_url:
        yield advice(
            "smoke checks",
            "no control_url: a runner without a network looks like a broken site",
            "Set control_url under [smoke] to a page of yours that is known to be good.",
        )


def measures(settings: Settings) -> Iterator[Examined]:
    """Every objective's source answers; raises Misconfigured or UnknownMeasure."""
    bake = settings.bake
    if not bake.duration or not bake.objective:
        yield unused("objectives", "nothing is watched after a deploy", "Set duration and objectives under [bake].")
        return
    until = datetime.now(UTC)
    for one in bake.objective:
        source = measure(one.name, one.use, one.options, os.environ)
        counts = source.read(Window(until - bake.baseline, until))
        yield well("objectives", f"{one.name}: {counts.bad} bad of {counts.total} in the last {bake.baseline}")


def browser(settings: Settings) -> Iterator[Examined]:
    """A Chromium that starts; raises BrowserMissing or BrowserStopped."""
    yield well("browser", running_version())
