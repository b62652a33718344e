"""Nearly all answers come in time: the 95th percentile of a few requests, one after the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer
from smoke.model import Verdict
from smoke.probe import Session, session


@dataclass(frozen=True, slots=True)
class Latency:
    """`minimum` is the number of answers below which nothing is said; `warm_up` requests are not counted."""

    idempotent: ClassVar[bool] = True

    path: str = "/api/health"
    p95_seconds: float = 2.0
    requests: int = 40
    minimum: int = 20
    warm_up: int = 2

    def ask(self, asking: Asking) -> Answer:
        """Ask until there are enough answers or the time is over."""
        seconds: list[float] = []
        with session(asking.target.url, asking.deadline) as visitor:
            for number in range(self.warm_up + self.requests):
                if asking.seconds_left <= 0:
                    break
                taken = self._one(visitor)
                if number >= self.warm_up:
                    seconds.append(taken)
        return self.judge(seconds)

    def _one(self, visitor: Session) -> float:
        reply = visitor.get(self.path)
        if reply.status >= 400:
            raise NoAnswer(f"GET {self.path}: expected answers below 400 to time, saw {reply.status}")
        return reply.seconds

    def judge(self, seconds: Sequence[float]) -> Answer:
        """The verdict on a sample."""
        if len(seconds) < max(self.minimum, 1):
            told = f"{len(seconds)} answers of GET {self.path} in the time allowed, {self.minimum} are needed"
            return Answer(Verdict.INCONCLUSIVE, told)
        seen = percentile_95(seconds)
        told = f"p95 of {len(seconds)} answers of GET {self.path} is {seen:.3f} s"
        if seen > self.p95_seconds:
            return Answer(Verdict.FAIL, f"{told}, expected at most {self.p95_seconds:g} s")
        return Answer(Verdict.PASS, told)


def percentile_95(sample: Sequence[float]) -> float:
    """The smallest value of the sample that at least 95 of 100 do not exceed (nearest rank)."""
    return sorted(sample)[math.ceil(len(sample) * 95 / 100) - 1]


CHECK: type[Question] = Latency
