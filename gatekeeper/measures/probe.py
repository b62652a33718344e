"""Counts that we make ourselves: a few requests at each look, for a site that nobody else measures."""

import time
from dataclasses import dataclass
from typing import ClassVar

from gatekeeper.measures import Measure, Window
from gatekeeper.model.bake import Counts
from smoke.errors import NoAnswer, TargetUnreachable
from smoke.probe import session


@dataclass(frozen=True, slots=True)
class Probe:
    """An answer is bad where its status is `bad_from` or above, it takes longer than `slow_seconds`, or none comes."""

    knows_the_past: ClassVar[bool] = False

    url: str
    path: str = "/api/health"
    requests: int = 15
    bad_from: int = 500
    slow_seconds: float = 2.0

    def read(self, window: Window) -> Counts:
        """Ask one after the other."""
        return Counts(sum(self._is_bad() for _ in range(self.requests)), self.requests)

    def _is_bad(self) -> bool:
        with session(self.url, time.monotonic() + self.slow_seconds) as visitor:
            try:
                reply = visitor.get(self.path, follow=False)
            except (NoAnswer, TargetUnreachable):
                return True
        return reply.status >= self.bad_from or reply.seconds > self.slow_seconds


MEASURE: type[Measure] = Probe
