"""Nearly all answers come in time: a bound for the 95th percentile, from requests one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer
from smoke.exact import quantile_bounds
from smoke.model import Verdict
from smoke.probe import Session, session

_EACH_SIDE = 0.9  # 95 % confidence on each side by itself
_SURE = 5  # where so many are all too slow, chance would be one in three million
_ENOUGH = 59  # with fewer answers, not even the slowest is a bound for the 95th percentile


@dataclass(frozen=True, slots=True)
class Latency:
    """`cold_seconds` is the most that the first answer may take, which does not count with the others."""

    idempotent: ClassVar[bool] = True

    path: str = "/api/health"
    p95_seconds: float = 2.0
    requests: int = 100
    cold_seconds: float | None = None

    def ask(self, asking: Asking) -> Answer:
        """Ask until there are enough answers, or until the time for another is over."""
        seconds: list[float] = []
        with session(asking.target.url, asking.deadline) as visitor:
            cold = self._one(visitor)
            if self.cold_seconds is not None and cold > self.cold_seconds:
                told = f"the first answer of GET {self.path} took {cold:.2f} s"
                return Answer(Verdict.FAIL, f"{told}, expected at most {self.cold_seconds:g} s")
            while len(seconds) < self.requests and asking.seconds_left > 2 * max([cold, *seconds]):
                seconds.append(self._one(visitor))
                if len(seconds) == _SURE and min(seconds) > self.p95_seconds:
                    break
        return self.judge(seconds)

    def _one(self, visitor: Session) -> float:
        reply = visitor.get(self.path)
        if reply.status >= 400:
            raise NoAnswer(f"GET {self.path}: expected answers below 400 to time, saw {reply.status}")
        return reply.seconds

    def judge(self, seconds: Sequence[float]) -> Answer:
        """The verdict on a sample: only where a bound with 95 % confidence lies on one side of the ceiling."""
        low, high = quantile_bounds(seconds, 0.95, _EACH_SIDE) if seconds else (None, None)
        counted = f"{len(seconds)} answers of GET {self.path}"
        if low is not None and low > self.p95_seconds:
            return Answer(
                Verdict.FAIL, f"p95 of {counted} is above {low:.3f} s, expected at most {self.p95_seconds:g} s"
            )
        if high is not None and high <= self.p95_seconds:
            return Answer(Verdict.PASS, f"p95 of {counted} is below {high:.3f} s")
        if high is None:
            return Answer(Verdict.INCONCLUSIVE, f"{counted} in the time allowed, {_ENOUGH} are needed")
        told = f"p95 of {counted} is below {high:.3f} s, but may be above {self.p95_seconds:g} s"
        return Answer(Verdict.INCONCLUSIVE, f"{told}: too few to say")


CHECK: type[Question] = Latency
