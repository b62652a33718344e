"""What can go wrong while a site is asked, told so that a person can act on it."""

from collections.abc import Sequence
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
    """Nothing answers at the target's URL, so nothing can be said about the site."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"nothing answers at {url}",
            seen=[reason],
            next_step="Check the URL (scheme, host and port) and that the site is running, then run it again.",
        )


class CheckMisconfigured(SmokeError):
    """A check's settings lack a key, have one too many, or one of the wrong kind."""

    exit_code = 2

    def __init__(self, check: str, key: str, problem: str, *, next_step: str) -> None:
        self.check, self.key = check, key
        super().__init__(f"smoke check {check!r}: {key}: {problem}", next_step=next_step)
