"""The smoke checks, the site that they ask, and the browser that some of them need."""

import os
from collections.abc import Iterator

from gatekeeper.config.settings import Settings
from gatekeeper.doctor.examined import Examined, advice, unused, well
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


def browser(settings: Settings) -> Iterator[Examined]:
    """A Chromium that starts; raises BrowserMissing or BrowserStopped."""
    yield well("browser", running_version())
