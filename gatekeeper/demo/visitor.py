"""Somebody who uses the clinic all the time, and notes whether it answers."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

_PAUSE_SECONDS = 0.02


@dataclass(slots=True)
class Visits:
    """How often the clinic was asked, how long the slowest answer took, and what was no good answer."""

    count: int = 0
    slowest_seconds: float = 0.0
    bad: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        good = "every answer was good" if not self.bad else f"{len(self.bad)} answers were not good ({self.bad[0]})"
        return f"{self.count} requests came in meanwhile: {good}, the slowest took {self.slowest_seconds * 1000:.0f} ms"


@contextlib.contextmanager
def visiting(url: str) -> Iterator[Visits]:
    """Ask `url` again and again on a thread of its own, as long as the block runs."""
    visits, leave = Visits(), threading.Event()
    visitor = threading.Thread(target=_visit, args=(url, visits, leave), daemon=True)
    visitor.start()
    try:
        yield visits
    finally:
        leave.set()
        visitor.join()


def _visit(url: str, visits: Visits, leave: threading.Event) -> None:
    with httpx.Client(timeout=10, trust_env=False) as client:
        while not leave.wait(_PAUSE_SECONDS):
            began = time.monotonic()
            answered = _ask(client, url)
            visits.count += 1
            visits.slowest_seconds = max(visits.slowest_seconds, time.monotonic() - began)
            if answered != "200":
                visits.bad.append(answered)


def _ask(client: httpx.Client, url: str) -> str:
    try:
        return str(client.get(url).status_code)
    except httpx.HTTPError as error:
        return type(error).__name__
