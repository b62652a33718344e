"""What can go wrong while a site is asked, told so that a person can act on it."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar


class SmokeError(Exception):
    """Says what happened, what was seen, and what to do next, in that order."""

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, *, seen: Sequence[str] = (), next_step: str) -> None:
        self.what = what
        self.seen = tuple(seen)
        self.next_step = next_step
        super().__init__("\n  ".join([what, *seen, next_step]))


class BrowserMissing(SmokeError):
    """No Chromium that Playwright could start."""

    def __init__(self, looked_at: Sequence[str]) -> None:
        super().__init__(
            "no Chromium was found for the browser checks",
            seen=[f"looked at {place}" for place in looked_at],
            next_step="Run `playwright install chromium`, or install your system's chromium package, "
            "or name one in GATEKEEPER_CHROMIUM.",
        )


class TargetUnreachable(SmokeError):
    """Nothing answers at the target's URL, so nothing can be said about the site.

    `refused`: the machine itself was reached and turned us away, so the way to it works.
    """

    def __init__(self, url: str, reason: str, *, refused: bool = False) -> None:
        self.url, self.reason, self.refused = url, reason, refused
        super().__init__(
            f"nothing answers at {url}",
            seen=[reason],
            next_step="Check the URL (scheme, host and port) and that the site is running, then run it again.",
        )


class NoAnswer(SmokeError):
    """The site took the request and then gave no usable answer; that is the site's failure, not the network's."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem, next_step="Look into the site's own log for this request.")


class NotShown(NoAnswer):
    """A page came, but what a user would look for is not on it."""


class BrowserStopped(SmokeError):
    """The browser itself died or would not start; the site is not to blame."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the browser stopped: {reason}",
            next_step="Run it again; `python -m smoke.browser` names the browser that is used.",
        )


class UnusableUrl(SmokeError):
    """The target's URL is missing, or is not one that can be asked."""

    exit_code = 2

    def __init__(self, problem: str) -> None:
        super().__init__(problem, next_step="Give the whole URL, such as --url https://staging.example.com.")


class UnknownCheck(SmokeError):
    """A check's name that nothing is configured or built in under."""

    exit_code = 2

    def __init__(self, name: str, known: Sequence[str]) -> None:
        nearest = get_close_matches(name, known, n=1, cutoff=0.5)
        guess = f"Did you mean {nearest[0]}?" if nearest else f"Known here: {', '.join(known) or 'none'}."
        super().__init__(f"there is no smoke check {name!r}", next_step=guess)


class SettingsUnreadable(SmokeError):
    """The settings file cannot be read, or holds a key or value that does not fit."""

    exit_code = 2


class Misconfigured(SmokeError):
    """An entry of the settings lacks a key, has one too many, or one of the wrong kind."""

    exit_code = 2

    def __init__(self, entry: str, key: str, problem: str, *, next_step: str) -> None:
        self.entry, self.key, self.problem = entry, key, problem
        super().__init__(f"{entry}: {key}: {problem}", next_step=next_step)


class DatabaseUnreachable(SmokeError):
    """The site's database does not let us in, so nothing can be said about it."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"cannot connect to {place}: {reason}",
            next_step="Check the check's database URL, and that its server may be reached from here.",
        )


class QueryRefused(SmokeError):
    """PostgreSQL does not answer a question, for want of rights, of time, or of what the question is about."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"{place} did not answer: {reason}",
            next_step="Check the check's SQL and the rights of its role (pg_monitor is enough for statistics).",
        )


class LogUnreadable(SmokeError):
    """A log file that is to be looked through is not there, or may not be read."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(
            f"the log {pattern} cannot be read: {reason}", next_step="Correct `logs`, or run where the log is written."
        )


class NotInstalled(SmokeError):
    """A check needs a library that comes with an extra."""

    exit_code = 2

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"{library} is not installed", next_step=f"Install it with `pip install 'gatekeeper[{extra}]'`."
        )
